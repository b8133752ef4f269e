"""Training, which may rewind, and the trackers that follow it."""

from collections.abc import Iterator
from contextlib import contextmanager
from operator import itemgetter

import torch.distributed as dist
from rich.console import Console

from ganzoo.callback.interruption import restored_handlers
from ganzoo.error import NotFinite, PeerProcessDied
from ganzoo.logger import close_logger, continue_logger, run_id
from ganzoo.settings.quoting import shell_word
from ganzoo.training.build import Parts, rebuild_game
from ganzoo.training.changes import record_changes
from ganzoo.training.checkpoints import readable_checkpoints
from ganzoo.training.resume import Start


def fit(start: Start, parts: Parts) -> None:
    """Train to the end of the budget, with ``on_nonfinite=rewind`` in several attempts.

    Raises:
        NotFinite: If a number is not finite, and no checkpoint is left to try.
        PeerProcessDied: If another process of the run has died.
        Interrupted: If the run was stopped by a signal.
    """
    while not start.trained:
        try:
            with explained_peer_death(start, parts), restored_handlers():
                parts.trainer.fit(parts.game, parts.data, ckpt_path=start.checkpoint)
            break
        except NotFinite as problem:
            start = rewind(start, parts, problem)
        close_loggers(parts)
        rebuild_game(parts)
        open_loggers(start, parts)


def rewind(start: Start, parts: Parts, problem: NotFinite) -> Start:
    """Where to train again after a number that is not finite.

    Raises:
        NotFinite: The problem, if there is no checkpoint, or none newer than the last rewind's.
    """
    steps = readable_checkpoints(start.run) if parts.cfg.on_nonfinite == "rewind" else {}
    if not steps or (start.rewound and max(steps.values()) == start.step):
        raise problem
    checkpoint, step = max(steps.items(), key=itemgetter(1))
    if parts.trainer.is_global_zero:
        record_changes(start.run, step, [("rewound", None, str(problem))])
        Console(stderr=True).print(
            f"rewound to generator step {step}, because {problem}", soft_wrap=True, markup=False
        )
    return start._replace(checkpoint=checkpoint, step=step, rewound=True)


@contextmanager
def explained_peer_death(start: Start, parts: Parts) -> Iterator[None]:
    """Turn the error of a broken connection into a sentence about the process at its other end."""
    try:
        yield
    except RuntimeError as error:
        trainer = parts.trainer
        if trainer.world_size > 1 and (isinstance(error, dist.DistError) or "gloo" in str(error)):
            raise PeerProcessDied(
                f"another process of the run died by generator step {trainer.global_step}: read "
                "its message, or give it more memory if it left none, and continue with "
                f"{shell_word('resume', start.run)}"
            ) from error
        raise


@contextmanager
def opened_loggers(start: Start, parts: Parts) -> Iterator[None]:
    """Open the trackers, and close them in the end, those of a rewound run too.

    Raises:
        UserError: If one cannot be reached.
    """
    open_loggers(start, parts)
    try:
        yield
    finally:
        close_loggers(parts)


def open_loggers(start: Start, parts: Parts) -> None:
    """Begin in every tracker, or continue the run there if its settings are the same."""
    loggers = parts.trainer.loggers
    known = {} if start.changes else start.run.trackers.read()  # MLflow refuses other settings
    if parts.trainer.is_global_zero:
        for logger in loggers:
            continue_logger(logger, start.step, known.get(type(logger).__name__))
        names = {type(logger).__name__: run_id(logger) for logger in loggers}
        if given := {kind: name for kind, name in names.items() if name}:
            start.run.trackers.write(given)


def close_loggers(parts: Parts) -> None:
    for logger in parts.trainer.loggers:
        close_logger(logger)
