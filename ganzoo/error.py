"""What a user did that cannot work."""


class UserError(ValueError):
    """One sentence: what was expected, what came, and what to type instead.

    The command line prints it without a traceback and exits with 1.
    """


class RunFailed(UserError):  # noqa: N818
    """A run that had begun cannot go on."""


class NotFinite(RunFailed):
    """A number of the game became infinite or no number at all."""


class PeerProcessDied(RunFailed):
    """Another process of the run has died."""


class Interrupted(Exception):  # noqa: N818
    """A run was told to stop, and says how it can go on; the command line exits with 75."""
