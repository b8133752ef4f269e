"""Maintain the trained models that come with the package.

    python tools/pretrained.py add [--generator-only] RUN NAME [OVERRIDE …]
    python tools/pretrained.py cards
    python tools/pretrained.py check [OVERRIDE …]
    python tools/pretrained.py draw

`add` exports a run to the package at half precision, scores what it has written, and records the
scores in its card. `cards` writes every card again, after its template has changed. `check` scores
every model again and compares. `draw` writes samples of all models to docs/models.png, and their
table between the markers <!-- pretrained --> and <!-- /pretrained --> of docs/models.md. The
overrides are those of `ganzoo evaluate`, such as data.root=… and metric=[fid_digits,prdc_digits].
"""

import json
import re
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from ganzoo import picture
from ganzoo.files import write_json
from ganzoo.inference.card import write_card
from ganzoo.inference.evaluate import choose_parts, evaluate_model
from ganzoo.inference.export import export_model
from ganzoo.inference.find import CONFIG_NAME, PRETRAINED, WEIGHTS_NAME, list_models
from ganzoo.inference.load import load

DOCS = Path(__file__).parents[1] / "docs"
SCORES = {  # of the table, and what they are called in it
    "fid_digits": "FID of digits",
    "prdc_digits_precision": "precision",
    "prdc_digits_recall": "recall",
    "probe/class_accuracy": "classes as asked",
}
TOLERANCE = 1e-3  # relative; another number of threads rounds sums differently


def main() -> None:
    args = parse_arguments()
    sys.exit({"add": add, "cards": write_cards, "check": check, "draw": draw}[args.command](args))


def add(args: Namespace) -> int:
    """Add a run to the models of the package."""
    folder = PRETRAINED / args.name
    export_model(args.run, folder, half=True, with_discriminator=not args.generator_only)
    config = read_config(args.name)
    chosen = choose_parts(OmegaConf.create(config), args.overrides)
    for group in ("metric", "probe"):  # so that the command in the card needs no overrides
        config[group] = OmegaConf.to_container(chosen[group], resolve=True)
    config["scores"] = evaluate_model(args.name, args.overrides)
    write_json(folder / CONFIG_NAME, config)
    write_card(folder, config, load(folder), "float16")
    print((folder / "README.md").read_text())
    return 0


def write_cards(args: Namespace) -> int:
    """Write the card of every model again."""
    for name in list_models():
        write_card(PRETRAINED / name, read_config(name), load(name), "float16")
    return 0


def check(args: Namespace) -> int:
    """Score every model again; 1 if a score differs from the card's."""
    differences = sum(check_model(name, args.overrides) for name in list_models())
    return min(differences, 1)


def check_model(name: str, overrides: list[str]) -> int:
    """Score a model again, and count the scores that differ from those of its card."""
    config = read_config(name)
    if "root" not in config["data"]:  # the data comes with a dependency
        overrides = [word for word in overrides if not word.startswith("data.root=")]
    found = evaluate_model(name, overrides)
    differences = 0
    for score, recorded in config["scores"].items():
        differs = abs(found[score] - recorded) > TOLERANCE * max(abs(recorded), 1.0)
        differences += differs
        verdict = "DIFFERS" if differs else "agrees"
        print(f"{name}: {score} {recorded:.6g} on the card, {found[score]:.6g} now: {verdict}")
    return differences


def draw(args: Namespace) -> int:
    """Draw two rows of every model: a condition varies along a row, the noise between the rows."""
    names = list_models()
    rows = -(-len(names) // 2)
    figure = picture.new_figure(10, 1.1 * rows)
    for place, name in enumerate(names, start=1):
        axes = figure.add_subplot(rows, 2, place)
        grid = picture.image_grid(load(name).showcase(2, 10, seed=1), columns=10)
        axes.imshow(grid.permute(1, 2, 0), interpolation="nearest")
        axes.set_title(name, fontsize=9, loc="left", pad=2)
        axes.set_axis_off()
    picture.save_image(picture.figure_to_image(figure), DOCS / "models.png")
    page = DOCS / "models.md"
    start, end = "<!-- pretrained -->", "<!-- /pretrained -->"
    table = f"{start}\n{model_table(names)}\n{end}"
    page.write_text(re.sub(f"(?s){start}.*{end}", lambda _: table, page.read_text()))
    return 0


def model_table(names: Sequence[str]) -> str:
    """Variant, training, scores and size of every model, as Markdown."""
    rows = []
    for name in names:
        config, size = read_config(name), (PRETRAINED / name / WEIGHTS_NAME).stat().st_size
        scores = {key.removeprefix("val/"): value for key, value in config["scores"].items()}
        measured = [f"{scores[key]:.3g}" if key in scores else "" for key in SCORES]
        variant = config["model"]["_target_"].rpartition(".")[2]
        link = f"[`{name}`](../ganzoo/pretrained/{name}/README.md)"
        rows.append([link, variant, f"{config['steps']:,}", *measured, f"{size / 1e6:.1f} MB"])
    head = ("model", "variant", "steps", *SCORES.values(), "size")
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])


def read_config(name: str) -> dict[str, Any]:
    """The configuration of a model of the package."""
    config: dict[str, Any] = json.loads((PRETRAINED / name / CONFIG_NAME).read_text())
    return config


def parse_arguments() -> Namespace:
    parser = ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("add")
    command.add_argument("run", type=Path)
    command.add_argument("name")
    command.add_argument("--generator-only", action="store_true")
    command.add_argument("overrides", nargs="*")
    commands.add_parser("cards")
    commands.add_parser("draw")
    command = commands.add_parser("check")
    command.add_argument("overrides", nargs="*")
    return parser.parse_args()


if __name__ == "__main__":
    main()
