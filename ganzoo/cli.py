"""The commands. torch is imported only once there is something to do with it."""

import errno
import logging
import os
import sys
import traceback
import warnings
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn

from ganzoo import __version__
from ganzoo.error import Interrupted, PeerProcessDied, RunFailed, UserError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # the disk, the quota, or ulimit -f


def main() -> None:
    """``ganzoo train|sample|export|evaluate|report|explore|doctor …``."""
    args, rest = parser().parse_known_args()
    args.command(args, rest)


def parser() -> ArgumentParser:
    parser = ArgumentParser(prog="ganzoo", description="A GAN model zoo on PyTorch Lightning.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(
        required=True, metavar="train|sample|export|evaluate|report|explore|doctor"
    )

    command = commands.add_parser(
        "train", add_help=False, help="train a variant: ganzoo train model=wgan_gp data=mnist5k"
    )
    command.set_defaults(command=lambda args, rest: train(rest))

    trusting = ArgumentParser(add_help=False)
    trusting.add_argument(
        "--trust",
        action="append",
        default=[],
        metavar="MODULE",
        help="build classes of a module of yours, in this folder or installed",
    )

    command = commands.add_parser(
        "sample", parents=[trusting], help="draw pictures from a trained model"
    )
    command.add_argument("model", metavar="MODEL", help="a run, a checkpoint or a model's name")
    command.add_argument("--n", type=int, default=64, help="how many pictures (64)")
    command.add_argument("--seed", type=int, default=0, help="same seed, same pictures (0)")
    command.add_argument("--label", type=int, help="the class to draw (each in turn)")
    command.add_argument(
        "--code",
        type=setting,
        action="append",
        default=[],
        metavar="FACTOR=VALUE",
        help="set a factor of InfoGAN's code: --code 0=3 --code 1=-1.5 (random)",
    )
    command.add_argument("--truncation", type=float, default=1.0, help="scale of the noise (1)")
    command.add_argument(
        "--interpolate",
        type=int,
        default=1,
        metavar="STEPS",
        help="walk from each noise to another in so many pictures",
    )
    command.add_argument(
        "--out", type=Path, default=Path("samples.png"), help="a .png, an .npz or a folder"
    )
    command.set_defaults(command=lambda args, rest: run_command(sample, args, rest))

    command = commands.add_parser(
        "export", parents=[trusting], help="write a trained model for others to read"
    )
    command.add_argument("model", metavar="MODEL", help="a run, a checkpoint or a model's name")
    command.add_argument("--to", type=Path, required=True, help="the folder to write")
    command.add_argument(
        "--format",
        nargs="+",
        choices=["safetensors", "onnx", "torch"],
        default=["safetensors"],
        help="safetensors is a Hugging Face Hub folder (safetensors)",
    )
    command.add_argument("--half", action="store_true", help="round the weights to 16 bits")
    command.add_argument(
        "--generator-only", action="store_true", help="leave the discriminator out"
    )
    command.set_defaults(command=lambda args, rest: run_command(export, args, rest))

    command = commands.add_parser(
        "evaluate",
        parents=[trusting],
        help="score a trained model on its validation split, or any two folders",
    )
    command.add_argument(
        "words", nargs="*", metavar="RUN metric=…", help="a run or a checkpoint, and what to change"
    )
    command.add_argument(
        "--images", nargs=2, type=Path, metavar=("REAL", "FAKE"), help="folders of pictures"
    )
    command.set_defaults(command=lambda args, rest: run_command(evaluate, args, rest))

    command = commands.add_parser("report", help="compare runs: report.html, report.md, report.csv")
    command.add_argument(
        "folders", type=Path, nargs="+", metavar="DIR", help="of a sweep, or of runs"
    )
    command.add_argument("--out", type=Path, default=Path(), help="where the report goes (here)")
    command.set_defaults(command=lambda args, rest: run_command(write_report, args, rest))

    command = commands.add_parser(
        "explore", parents=[trusting], help="draw from models on a page of this machine"
    )
    command.add_argument("models", nargs="+", metavar="RUN|MODEL", help="side by side")
    command.add_argument("--host", default="127.0.0.1", help="who may look (only this machine)")
    command.add_argument("--port", type=int, default=7860, help="(7860)")
    command.set_defaults(command=lambda args, rest: run_command(explore, args, rest))

    command = commands.add_parser("doctor", help="versions, devices and folders, for a bug report")
    command.add_argument("--data", type=Path, default=Path("data"), help="data.root (data)")
    command.set_defaults(command=lambda args, rest: run_command(doctor, args, rest))
    return parser


def train(overrides: list[str] | None = None) -> None:
    """``python train.py …``: Hydra composes the configuration, ganzoo.train does the rest."""
    import hydra  # noqa: PLC0415

    from ganzoo.settings.compose import COMPOSE_ERRORS, CONF  # noqa: PLC0415
    from ganzoo.settings.explain import explain_error  # noqa: PLC0415
    from ganzoo.settings.own import (  # noqa: PLC0415
        config_dirs,
        import_from_here,
        names_own_parts,
        split_flags,
    )
    from ganzoo.training.sweep import expand_sweep_resume  # noqa: PLC0415

    command = sys.argv

    @wraps(job)
    def run(cfg: Any) -> float:
        sys.argv = command  # by which Lightning starts further processes
        return job(cfg)

    program, *words = sys.argv if overrides is None else ["ganzoo train", *overrides]
    flags, typed = split_flags(words)
    folders = config_dirs(flags)
    if names_own_parts(flags, typed):
        import_from_here()
    try:
        words = expand_sweep_resume(typed)
    except UserError as error:
        fail(str(error))
    sys.argv = [program, *flags, *words]
    check_no_null_group(words, CONF)
    # Hydra would print its own account of an error and exit; this makes it raise.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    app = hydra.main(version_base="1.3", config_path=str(CONF), config_name="train")(run)
    try:
        app()
    except UserError as error:
        fail(str(error))
    except COMPOSE_ERRORS as error:
        fail(explain_error(error, words, folders))
    except OSError as error:
        if not error.filename and error.errno not in FULL:
            raise
        where = error.filename or "into the folder of the run"
        fail(
            f"cannot write {where}: {error.strerror}; make room there and go on by resume=…, or "
            "set hydra.run.dir=… elsewhere."
        )
    finally:
        write_sweep_report()


def check_no_null_group(words: list[str], conf: Path) -> None:
    """Hydra has another way to say that nothing of a group is chosen, and a traceback for this."""
    for word in words:
        group, _, choice = word.partition("=")
        if choice == "null" and (conf / group).is_dir():
            fail(f"{word} is not how a group is left out: type ~{group} for none of it.")


def write_sweep_report() -> None:
    """Write the report of a sweep, if there was one."""
    from ganzoo.training.sweep import Sweep  # noqa: PLC0415

    folder, Sweep.folder = Sweep.folder, None
    if folder and folder.is_dir() and any(folder.glob("*/**/*.json")):  # some run has begun
        write_report(Namespace(folders=[folder], out=folder))


def job(cfg: Any) -> float:
    """One run of Hydra's, alone or in a sweep."""
    from hydra.core.hydra_config import HydraConfig  # noqa: PLC0415
    from hydra.types import RunMode  # noqa: PLC0415
    from pytorch_lightning.utilities import rank_zero_only  # noqa: PLC0415

    from ganzoo.training.isolation import (  # noqa: PLC0415
        run_forked,
        run_in_new_process,
        shares_its_process,
        starts_processes,
    )
    from ganzoo.training.train import train  # noqa: PLC0415

    silence_lightning()
    alone = HydraConfig.get().mode == RunMode.RUN
    try:
        if not alone and starts_processes(cfg):
            return run_in_new_process(cfg)
        return run_forked(train, cfg) if shares_its_process() else train(cfg)
    except Interrupted as stop:
        if rank_zero_only.rank > 0:  # type: ignore[attr-defined]
            sys.exit(0)  # the process that started this one takes any other code for its death
        print(stop, file=sys.stderr)
        sys.exit(75)  # EX_TEMPFAIL of sysexits.h: try again
    except Exception as error:
        if has_started(error) or not alone:
            record_failure(error, cfg)
        if cfg.debug:
            traceback.print_exc()
        if alone and isinstance(error, UserError):
            fail(str(error))
        raise
    finally:
        for made in (cfg.run_dir, HydraConfig.get().runtime.output_dir):
            remove_empty_folders(Path(made))  # empty if the run never began, or went on elsewhere


def has_started(error: Exception) -> bool:
    """Whether the run had begun when it failed, and was not refused."""
    return isinstance(error, RunFailed) or not isinstance(error, UserError)


def record_failure(error: Exception, cfg: Any) -> None:
    """Write into the run's folder why it failed."""
    from ganzoo.runs import RunFolder  # noqa: PLC0415
    from ganzoo.training.sweep import write_failure  # noqa: PLC0415
    from ganzoo.training.train import reproduction_info  # noqa: PLC0415

    resuming = cfg.resume not in (None, "auto")
    run = RunFolder(cfg.resume if resuming else cfg.run_dir)
    if not (isinstance(error, PeerProcessDied) and run.failure.exists()):  # of the dead one
        with suppress(OSError):  # of which the error may speak
            write_failure(run, reproduction_info(cfg), error)


def silence_lightning() -> None:
    """Leave out what Lightning says of itself."""
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module="pytorch_lightning.utilities._pytree")
    # The doctor's measurements are the first process's alone.
    warnings.filterwarnings("ignore", message=".*sync_dist=True")


def remove_empty_folders(folder: Path) -> None:
    """Remove the folders that Hydra made for a run that never began, if they are empty."""
    try:
        for each in (folder, folder.parent, folder.parent.parent):
            each.rmdir()
    except OSError:
        return


def sample(args: Namespace) -> None:
    from ganzoo.inference.sample import write_samples  # noqa: PLC0415

    out = write_samples(
        args.model,
        args.out,
        args.n,
        args.seed,
        label=args.label,
        codes=dict(args.code),
        truncation=args.truncation,
        steps=args.interpolate,
        trust=args.trust,
    )
    print(f"wrote {out}")


def export(args: Namespace) -> None:
    from ganzoo.inference.export import export_model  # noqa: PLC0415

    written = export_model(
        args.model, args.to, args.format, args.half, not args.generator_only, args.trust
    )
    for path, difference in written:
        print(f"wrote {path}: its images differ by at most {difference:.1g}")


def evaluate(args: Namespace) -> None:
    from ganzoo.inference.compare import compare_folders  # noqa: PLC0415
    from ganzoo.inference.evaluate import evaluate_model  # noqa: PLC0415

    if args.images:
        real, fake = args.images
        found = compare_folders(real, fake, args.words)
    elif args.words:
        found = evaluate_model(args.words[0], args.words[1:], args.trust)
    else:
        raise UserError("evaluate needs a run, or --images with two folders: name one of them.")
    for name, value in found.items():
        print(f"{name} {value:.6g}")


def write_report(args: Namespace) -> None:
    from ganzoo.report import page  # noqa: PLC0415

    try:
        print(f"wrote {page.write_report(args.folders, args.out)}")
    except OSError as error:
        raise UserError(
            f"cannot write the report to {args.out}: {error.strerror}; set --out elsewhere."
        ) from error


def explore(args: Namespace) -> None:
    from ganzoo.inference.explore import explore_models  # noqa: PLC0415

    explore_models(args.models, args.host, args.port, args.trust)


def doctor(args: Namespace) -> None:
    from ganzoo.training.environment import describe_environment, describe_folders  # noqa: PLC0415

    for name, value in (describe_environment() | describe_folders(args.data)).items():
        print(f"{name}: {value}")


def setting(word: str) -> tuple[int, float]:
    """FACTOR=VALUE as numbers."""
    factor, value = word.split("=")
    return int(factor), float(value)


def run_command(command: Callable[[Namespace], None], args: Namespace, rest: list[str]) -> None:
    """Run a command and turn what a user did wrong into a sentence."""
    if rest:
        parser().error(f"unrecognized arguments: {' '.join(rest)}")
    silence_lightning()
    if getattr(args, "trust", None):
        from ganzoo.settings.own import import_from_here  # noqa: PLC0415

        import_from_here()
    try:
        command(args)
    except UserError as error:
        fail(str(error))


def fail(sentence: str) -> NoReturn:
    print(f"error: {sentence}", file=sys.stderr)
    sys.exit(1)
