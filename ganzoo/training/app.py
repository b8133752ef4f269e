"""``ganzoo train`` and ``python train.py``: Hydra composes a configuration and runs its jobs."""

import errno
import logging
import os
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import NoReturn

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from ganzoo.error import (
    EXIT_INTERRUPTED,
    Interrupted,
    PeerProcessDied,
    RunFailed,
    UserError,
    exit_with_error,
)
from ganzoo.runs import RunFolder
from ganzoo.settings.compose import COMPOSE_ERRORS, CONF
from ganzoo.settings.explain import explain_error
from ganzoo.settings.own import config_dirs, import_from_here, names_own_parts, split_flags
from ganzoo.training.claim import remove_empty_folders
from ganzoo.training.conflicts import check_all_heard, check_group_choices
from ganzoo.training.restore import loosen
from ganzoo.training.sweep import error_sentence, expand_sweep_resume, reported_sweep
from ganzoo.training.terminal import quiet_terminal
from ganzoo.training.usage import asks_for_help, train_usage

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # the disk, the quota, or ulimit -f


def run_app(overrides: Sequence[str] | None = None) -> None:
    """Train what the command says; print errors as sentences and exit.

    Args:
        overrides: The arguments after ``ganzoo train``; None takes those of this process's command.
    """
    command = sys.argv
    program, *arguments = command if overrides is None else ["ganzoo train", *overrides]
    if asks_for_help(arguments):
        print(train_usage(program if overrides is not None else f"python {program}"))
        return
    flags, typed = split_flags(arguments)
    folders = config_dirs(flags)

    @wraps(run_job)
    def run_job_with_command(cfg: DictConfig) -> float:
        sys.argv = command  # by which Lightning starts further processes
        return run_job(cfg)

    with quiet_terminal(), explained_errors(typed, folders), reported_sweep():
        if names_own_parts(flags, typed):
            import_from_here()
        check_all_heard(typed, flags)
        expanded = loosen(expand_sweep_resume(typed), flags)
        check_group_choices(expanded)
        sys.argv = [program, *flags, *expanded]
        # Hydra would print its own account of an error and exit; this makes it raise.
        os.environ["HYDRA_FULL_ERROR"] = "1"
        main = hydra.main(version_base="1.3", config_path=str(CONF), config_name="train")
        main(run_job_with_command)()


@contextmanager
def explained_errors(overrides: Sequence[str], folders: Sequence[Path]) -> Iterator[None]:
    """Print what a user did wrong as a sentence and exit with 1.

    Args:
        overrides: Those of the command.
        folders: The user's own folders of yamls.
    """
    try:
        yield
    except UserError as error:
        exit_with_error(str(error))
    except COMPOSE_ERRORS as error:
        exit_with_error(explain_error(error, overrides, folders))
    except OSError as error:
        if not error.filename and error.errno not in DISK_FULL:
            raise
        exit_with_error(
            f"cannot write {error.filename or 'into the folder of the run'}: {error.strerror}; "
            "make room there and continue with resume=…, or set hydra.run.dir=… elsewhere."
        )


def run_job(cfg: DictConfig) -> float:
    """One run of Hydra's, by itself or in a sweep; returns its best score."""
    silence_lightning()
    try:
        return train_where_it_fits(cfg)
    except Interrupted as stop:
        exit_interrupted(stop)
    except Exception as error:
        report_failure(error, cfg)
        raise
    finally:
        for folder in (cfg.run_dir, HydraConfig.get().runtime.output_dir):
            remove_empty_folders(Path(folder))  # if the run never began, or continued elsewhere


def train_where_it_fits(cfg: DictConfig) -> float:
    """Train in this process, or in others where the next job of a sweep needs this one."""
    # torch is imported only once there is something to train.
    from ganzoo.settings.machine import starts_processes  # noqa: PLC0415
    from ganzoo.training.isolation import (  # noqa: PLC0415
        run_forked,
        run_in_new_process,
        shares_its_process,
    )
    from ganzoo.training.train import train  # noqa: PLC0415

    if in_sweep() and starts_processes(cfg):
        return run_in_new_process(cfg)
    return run_forked(train, cfg) if shares_its_process() else train(cfg)


def in_sweep() -> bool:
    return bool(HydraConfig.get().mode == RunMode.MULTIRUN)


def exit_interrupted(stop: Interrupted) -> NoReturn:
    """Exit as a job that is to be tried again."""
    from pytorch_lightning.utilities import rank_zero_only  # noqa: PLC0415

    if rank_zero_only.rank > 0:  # type: ignore[attr-defined]
        sys.exit(0)  # the process that started this one takes any other code for its death
    print(stop, file=sys.stderr)
    sys.exit(EXIT_INTERRUPTED)


def report_failure(error: Exception, cfg: DictConfig) -> None:
    """Record why a run failed, and exit if there is no sweep to continue."""
    if has_started(error) or in_sweep():
        record_failure(error, cfg)
    if cfg.debug is True:  # and not a value that is refused
        traceback.print_exc()
    if isinstance(error, UserError) and not in_sweep():
        exit_with_error(str(error))


def has_started(error: Exception) -> bool:
    """Whether the run had begun when it failed, and was not refused."""
    return isinstance(error, RunFailed) or not isinstance(error, UserError)


def record_failure(error: Exception, cfg: DictConfig) -> None:
    """Write into the run's folder why it failed, in one sentence."""
    from ganzoo.training.origin import reproduction_info  # noqa: PLC0415

    resuming = has_started(error) and cfg.resume not in (None, "auto")
    run = RunFolder(cfg.resume if resuming else cfg.run_dir)
    explained = isinstance(error, PeerProcessDied) and run.failure.exists()  # by the other process
    strangers = run.used() and not has_started(error)  # of another run, which is as it was
    with suppress(OSError):  # which the error may be about
        if not (explained or strangers):
            run.failure.write({**reproduction_info(cfg), "reason": error_sentence(error)})


def silence_lightning() -> None:
    """Silence what Lightning prints about itself."""
    import pytorch_lightning  # noqa: F401, PLC0415 - which sets the level

    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module="pytorch_lightning.utilities._pytree")
    # The doctor measures in the first process only.
    warnings.filterwarnings("ignore", message=".*sync_dist=True")
