"""Errors that a user reads, each a sentence."""

import sys
from collections.abc import Sequence
from difflib import get_close_matches
from typing import NoReturn

EXIT_INTERRUPTED = 75  # EX_TEMPFAIL of sysexits.h: try again


class UserError(ValueError):
    """One sentence: what was expected, what came, and what to type instead.

    The command line prints it without a traceback and exits with 1.
    """


class RunFailed(UserError):  # noqa: N818
    """A run that had begun cannot continue."""


class NotFinite(RunFailed):
    """A number of the game became NaN or infinite."""


class PeerProcessDied(RunFailed):
    """Another process of the run has died."""


class WorkerDied(RunFailed):
    """A process that reads pictures has died."""


class Interrupted(Exception):  # noqa: N818
    """A run was stopped by a signal; the message says how to continue it.

    The command line prints it and exits with 75.
    """


def exit_with_error(sentence: str) -> NoReturn:
    """Print a sentence about an error and exit with 1."""
    print(f"error: {sentence}", file=sys.stderr)
    sys.exit(1)


def refuse_if(condition: object, sentence: str) -> None:
    """Raise a UserError with the sentence where the condition holds."""
    if condition:
        raise UserError(sentence)


def suggest_names(name: str, options: Sequence[str], parent: str = "") -> str:
    """The names that a user may have meant, or all of them."""
    near = get_close_matches(name, options, n=3, cutoff=0.5)
    names = [f"{parent}.{option}" if parent else option for option in near or sorted(options)]
    return f"{'did you mean' if near else 'type one of'} {', '.join(names)}{'?' if near else '.'}"
