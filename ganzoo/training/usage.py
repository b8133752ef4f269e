"""The page of ``ganzoo train --help``, made of what the files say, so that it cannot go stale."""

import re
import textwrap
from collections.abc import Sequence

from ganzoo.settings.catalogue import list_choices, list_groups
from ganzoo.settings.compose import CONF

OPTIONS = ("seed", "max_steps", "max_images", "max_time", "val_every", "n_critic", "ema", "resume")
OPTION = re.compile(r"^(\w+): (.*?)(?: +# (.*))?$", re.MULTILINE)
MORE = {
    "data.root=…": "where the files of a data set lie",
    "data.batch_size=…": "images of a step",
    "hydra.run.dir=…": "the folder of the run",
}
EXAMPLES = {
    "{} model=wgan_gp seed=1": "another variant, another seed",
    "{} data=image_folder data.root=DIR data.image_size=64": "your own pictures",
    "{} -m model=gan,dcgan seed=0,1,2": "a sweep and its report",
    "{} resume=RUN": "continue a run, bit for bit",
    "{} model=dcgan --cfg job": "print all settings without running them",
}


def train_usage(program: str) -> str:
    """What to type, as text.

    Args:
        program: How the command begins, such as ``ganzoo train``.
    """
    variants = {choice.name: choice.summary for choice in list_choices("model")}
    groups = ", ".join(f"{group}=" for group in list_groups() if group != "model")
    listed = f"{groups}. `ganzoo list` shows what each offers, with its papers."
    sections = {
        "variants, model=…": variants,
        "options, with their defaults": option_lines() | MORE,
        "examples": {line.format(program): about for line, about in EXAMPLES.items()},
    }
    parts = [
        f"{program} [GROUP=CHOICE …] [OPTION=VALUE …]\n\n"
        "Train a GAN. A command without words trains a DCGAN on 5,000 digits.",
        *[f"{title}:\n{columns(lines)}" for title, lines in sections.items()],
        f"other groups:\n{textwrap.fill(listed, 96, initial_indent='  ', subsequent_indent='  ')}",
        "Hydra's own flags: --hydra-help.",
    ]
    return "\n\n".join(parts)


def option_lines() -> dict[str, str]:
    """The options that matter most and what conf/train.yaml says of them."""
    found = OPTION.findall((CONF / "train.yaml").read_text())
    return {f"{name}={value}": about for name, value, about in found if name in OPTIONS}


def columns(lines: dict[str, str]) -> str:
    """Words, and what they do beside them."""
    width = max(map(len, lines))
    return "\n".join(f"  {words:{width}}  {about}".rstrip() for words, about in lines.items())


def asks_for_help(arguments: Sequence[str]) -> bool:
    """Whether a command asks what to type."""
    return not {"-h", "--help"}.isdisjoint(arguments)
