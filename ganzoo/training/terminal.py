"""What the terminal does to a program: Ctrl-C before training, and output that nobody reads."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any


@contextmanager
def quiet_terminal() -> Iterator[None]:
    """Let Ctrl-C end the program without a traceback, and let it outlive its readers.

    While a run trains, ``callback.Interruption`` handles signals.
    """
    output, errors = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = streams = Unbreakable(output), Unbreakable(errors)
    quiet = threading.current_thread() is threading.main_thread()
    quiet &= signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if quiet:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        if quiet:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        for stream in streams:
            stream.flush()
        sys.stdout, sys.stderr = output, errors


class Unbreakable:
    """A stream that goes on where nobody reads it any more, as after ``| head``.

    Args:
        stream: Where text goes; None where the program was started without it.
    """

    def __init__(self, stream: IO[str] | None) -> None:
        self.stream = stream or open(os.devnull, "w")  # noqa: SIM115 - it lives as long as this

    def write(self, text: str) -> int:
        try:
            return self.stream.write(text)
        except (OSError, ValueError):
            self.give_up()
            return len(text)

    def flush(self) -> None:
        try:
            self.stream.flush()
        except (OSError, ValueError):
            self.give_up()

    def give_up(self) -> None:
        """Send what is still to come to nowhere, and what Python flushes at its end."""
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.stream.fileno())

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)
