"""The trained models that come with the package.

    python tools/pretrained.py add [--generator-only] RUN NAME [OVERRIDE …]
    python tools/pretrained.py check [OVERRIDE …]
    python tools/pretrained.py draw

`add` puts a run into the package at half precision, scores what it has put there, and writes the
scores into its card; `check` scores every model again and compares; `draw` puts samples of all
models into docs/models.png. The overrides are those of
`ganzoo evaluate`, such as data.root=… and metric=[fid_digits,prdc_digits].
"""

import json
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from omegaconf import OmegaConf

from ganzoo import picture
from ganzoo.files import write_json
from ganzoo.inference.card import write_card
from ganzoo.inference.checkpoint import CONFIG, PRETRAINED, list_models
from ganzoo.inference.evaluate import choose_parts, evaluate
from ganzoo.inference.export import export
from ganzoo.inference.load import load

DOCS = Path(__file__).parents[1] / "docs"
CLOSE = 1e-3  # relative; sums over other batches of threads round otherwise


def main() -> None:
    args = arguments()
    sys.exit({"add": add, "check": check, "draw": draw}[args.command](args))


def add(args: Namespace) -> int:
    folder = PRETRAINED / args.name
    export(args.run, folder, half=True, with_discriminator=not args.generator_only)
    told = json.loads((folder / CONFIG).read_text())
    chosen = choose_parts(OmegaConf.create(told), args.overrides)
    asked = {
        name: OmegaConf.to_container(chosen[name], resolve=True) for name in ("metric", "probe")
    }
    told |= {**asked, "scores": evaluate(args.name, args.overrides)}  # the card's command asks so
    write_json(folder / CONFIG, told)
    write_card(folder, told, load(folder), "float16")
    print((folder / "README.md").read_text())
    return 0


def check(args: Namespace) -> int:
    wrong = 0
    for name in list_models():
        told = json.loads((PRETRAINED / name / CONFIG).read_text())
        ours = "root" not in told["data"]  # the data came with a dependency
        words = [word for word in args.overrides if not (ours and word.startswith("data.root="))]
        found = evaluate(name, words)
        for score, value in told["scores"].items():
            agrees = abs(found[score] - value) <= CLOSE * max(abs(value), 1.0)
            wrong += not agrees
            verdict = "agrees" if agrees else "DIFFERS"
            print(f"{name}: {score} {value:.6g} on the card, {found[score]:.6g} now: {verdict}")
    return min(wrong, 1)


def draw(args: Namespace) -> int:
    """Two rows of every model: a condition varies along a row, the noise from row to row."""
    names = list_models()
    figure = picture.new_figure(10, 1.1 * -(-len(names) // 2))
    for place, name in enumerate(names, start=1):
        axes = figure.add_subplot(-(-len(names) // 2), 2, place)
        grid = picture.image_grid(load(name).showcase(2, 10, seed=1), columns=10)
        axes.imshow(grid.permute(1, 2, 0), interpolation="nearest")
        axes.set_title(name, fontsize=9, loc="left", pad=2)
        axes.set_axis_off()
    picture.save_image(picture.figure_to_image(figure), DOCS / "models.png")
    return 0


def arguments() -> Namespace:
    parser = ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("add")
    command.add_argument("run", type=Path)
    command.add_argument("name")
    command.add_argument("--generator-only", action="store_true")
    command.add_argument("overrides", nargs="*")
    command = commands.add_parser("check")
    command.add_argument("overrides", nargs="*")
    commands.add_parser("draw")
    return parser.parse_args()


if __name__ == "__main__":
    main()
