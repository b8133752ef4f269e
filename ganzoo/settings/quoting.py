"""Options as one types them, whatever characters their values have."""

import re
import shlex
from os import PathLike, fspath

from hydra.core.override_parser.types import Quote, QuotedString

# What Hydra reads as it stands, and as text; `7` or `true` would be something else.
PLAIN = re.compile(r"(?!(?i:true|false|null|nan|inf)$)[A-Za-z_/][\w./-]*", re.ASCII)


def hydra_value(text: str) -> str:
    """A text as Hydra's grammar has it, in quotes, with nothing in it that is more than text."""
    escaped = re.sub(r"(\\*)\$\{", r"\1\1\\${", text)
    return QuotedString(text=escaped, quote=Quote.single).with_quotes()


def shell_word(key: str, value: str | PathLike[str]) -> str:
    """An option that sets a text, to be pasted into a shell; with quotes where it needs them."""
    text = fspath(value)
    word = f"{key}={text if PLAIN.fullmatch(text) else hydra_value(text)}"
    readable = "'" in word and not set(word) & set('"$`\\!')
    return f'"{word}"' if readable else shlex.quote(word)
