"""Words of a command from a file: they choose from ``conf/`` and set plain values, no more."""

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from ganzoo.error import UserError, refuse_if
from ganzoo.settings.compose import CONF
from ganzoo.settings.trust import FOLDERS, Modules, check_trusted

PLAIN_NAME = r"[*\w][\w.-]*"  # of a yaml, or a pattern of names
# Hydra's own options that decide what runs are made, and not what is executed.
HARMLESS = r"hydra\.(mode|launcher\.n_jobs|sweeper\..*|job\.config\..*)"
PARAMS = "hydra.sweeper.params."


def check_words(
    words: Any, source: Path, trust: Modules = None, typed: Collection[str] = ()
) -> list[str]:
    """Refuse words from a file that could execute code, or write outside the run's folder.

    Args:
        words: What the file holds in their place.
        source: The file's path.
        trust: Modules of the user whose classes may be built.
        typed: Words that the present command holds too, which may say anything.

    Returns:
        The words.

    Raises:
        UserError: At the first that may not come from a file.
    """
    refuse_if(
        not (isinstance(words, list) and all(isinstance(word, str) for word in words)),
        f"{source} holds no words of a command: give another folder.",
    )
    for word in words:
        key, _, value = word.removeprefix(PARAMS).lstrip("+~").partition("=")
        if word not in typed:
            check_word(word, key.partition("@")[0], value, source)
            check_trusted({"_target_": value} if key.endswith("_target_") else {}, source, trust)
    return list(words)


def check_word(word: str, key: str, value: str, source: Path) -> None:
    for complaint in word_complaints(key, value):
        raise UserError(
            f"{source} holds {word}, and a file {complaint}: type the same word beside the others "
            "if you know what it does."
        )


def word_complaints(key: str, value: str) -> Iterator[str]:
    """Why a word may not come from a file."""
    if re.search(r"\{|_target_", value) or not re.fullmatch(r"\w[\w./-]*", key):
        yield "holds options with plain values"
    if key.startswith("hydra.") and not re.fullmatch(HARMLESS, key):
        yield "does not set Hydra's own options"
    if key.rpartition(".")[2] in (*FOLDERS, "run_dir"):
        yield "does not say where a run is written"
    named = re.findall(r"[^\s,()\[\]'\"]+", value)  # in [scores,doctor] or choice(dcgan,wgan)
    chooses = "/" in key or (CONF / key).is_dir()
    if chooses and not all(re.fullmatch(f"{PLAIN_NAME}(/{PLAIN_NAME})*", name) for name in named):
        yield "chooses by name"


def as_text(words: Any) -> list[str]:
    """The words of a command, which OmegaConf would otherwise take for references to values."""
    words = words if isinstance(words, list) else []
    return [re.sub(r"(\\*)\$\{", r"\1\1\\${", str(word)) for word in words]
