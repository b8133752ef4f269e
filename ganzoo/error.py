"""What a user did that cannot work."""


class UserError(ValueError):
    """One sentence: what was expected, what came, and what to type instead.

    The command line prints it without a traceback and exits with 1.
    """
