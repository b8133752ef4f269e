"""The arguments of every command."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from ganzoo import __version__
from ganzoo.commands import (
    run_doctor,
    run_evaluate,
    run_explore,
    run_export,
    run_info,
    run_list,
    run_report,
    run_sample,
    run_train,
)
from ganzoo.error import UserError, exit_with_error

Commands = Any  # what argparse returns for subcommands is not public


def main() -> None:
    """``ganzoo train|list|info|sample|export|evaluate|report|explore|doctor …``."""
    parser = make_parser()
    args, rest = parser.parse_known_args()
    args.rest = rest  # which Hydra parses
    if rest and args.run is not run_train:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if getattr(args, "trust", []):
        from ganzoo.settings.own import import_from_here  # noqa: PLC0415

        import_from_here()
    try:
        args.run(args)
    except UserError as error:
        exit_with_error(str(error))


def make_parser() -> ArgumentParser:
    parser = ArgumentParser(prog="ganzoo", description="A GAN model zoo on PyTorch Lightning.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(
        required=True, metavar="train|list|info|sample|export|evaluate|report|explore|doctor"
    )
    for add_command in ADD_COMMANDS:
        add_command(commands)
    return parser


def add_train(commands: Commands) -> None:
    command = commands.add_parser(
        "train", add_help=False, help="train a variant: ganzoo train model=wgan_gp data=mnist5k"
    )
    command.set_defaults(run=run_train)


def add_list(commands: Commands) -> None:
    command = commands.add_parser("list", help="what there is to choose from, with its papers")
    command.add_argument(
        "group", nargs="?", metavar="GROUP", help="model, data, loss, … or pretrained (all)"
    )
    command.set_defaults(run=run_list)


def add_info(commands: Commands) -> None:
    command = commands.add_parser(
        "info", parents=[make_trust_parser()], help="what a trained model is, and its scores"
    )
    add_model_argument(command)
    command.set_defaults(run=run_info)


def add_sample(commands: Commands) -> None:
    command = commands.add_parser(
        "sample", parents=[make_trust_parser()], help="draw pictures from a trained model"
    )
    add_model_argument(command)
    command.add_argument("--n", type=int, default=64, help="how many pictures (64)")
    command.add_argument("--seed", type=int, default=0, help="same seed, same pictures (0)")
    command.add_argument("--label", type=int, help="the class to draw (each in turn)")
    command.add_argument(
        "--code",
        type=factor_value,
        action="append",
        default=[],
        metavar="FACTOR=VALUE",
        help="set a factor of InfoGAN's code: --code 0=3 --code 1=-1.5 (random)",
    )
    command.add_argument("--truncation", type=float, default=1.0, help="less variety, below 1 (1)")
    command.add_argument(
        "--interpolate",
        type=int,
        default=1,
        metavar="STEPS",
        help="walk from each noise to another in this many pictures",
    )
    command.add_argument(
        "--out", type=Path, default=Path("samples.png"), help="a .png, an .npz or a folder"
    )
    command.set_defaults(run=run_sample)


def add_export(commands: Commands) -> None:
    command = commands.add_parser(
        "export", parents=[make_trust_parser()], help="write a trained model for other programs"
    )
    add_model_argument(command)
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
    command.set_defaults(run=run_export)


def add_evaluate(commands: Commands) -> None:
    command = commands.add_parser(
        "evaluate",
        parents=[make_trust_parser()],
        help="score a trained model on its validation split, or any two folders",
    )
    command.add_argument(
        "words", nargs="*", metavar="RUN metric=…", help="a run or a checkpoint, and options"
    )
    command.add_argument(
        "--images", nargs=2, type=Path, metavar=("REAL", "FAKE"), help="folders of pictures"
    )
    command.set_defaults(run=run_evaluate)


def add_report(commands: Commands) -> None:
    command = commands.add_parser("report", help="compare runs: report.html, report.md, report.csv")
    command.add_argument(
        "folders", type=Path, nargs="+", metavar="DIR", help="of a sweep, or of runs"
    )
    command.add_argument("--out", type=Path, default=Path(), help="where the report goes (here)")
    command.set_defaults(run=run_report)


def add_explore(commands: Commands) -> None:
    command = commands.add_parser(
        "explore", parents=[make_trust_parser()], help="draw from models on a page of this machine"
    )
    command.add_argument("models", nargs="+", metavar="RUN|MODEL", help="side by side")
    command.add_argument("--host", default="127.0.0.1", help="who may look (only this machine)")
    command.add_argument("--port", type=int, default=7860, help="(7860)")
    command.set_defaults(run=run_explore)


def add_doctor(commands: Commands) -> None:
    command = commands.add_parser("doctor", help="versions, devices and folders, for a bug report")
    command.add_argument("--data", type=Path, default=Path("data"), help="data.root (data)")
    command.set_defaults(run=run_doctor)


def make_trust_parser() -> ArgumentParser:
    """The option of every command that reads a trained model."""
    parser = ArgumentParser(add_help=False)
    parser.add_argument(
        "--trust",
        action="append",
        default=[],
        metavar="MODULE",
        help="build classes of a module of yours, in this folder or installed",
    )
    return parser


def add_model_argument(command: ArgumentParser) -> None:
    command.add_argument("model", metavar="MODEL", help="a run, a checkpoint or a model's name")


def factor_value(text: str) -> tuple[int, float]:
    """FACTOR=VALUE as numbers."""
    factor, value = text.split("=")
    return int(factor), float(value)


ADD_COMMANDS = (
    *(add_train, add_list, add_info, add_sample, add_export, add_evaluate),
    *(add_report, add_explore, add_doctor),
)
