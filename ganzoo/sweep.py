"""What a sweep leaves behind besides its runs, also when some of them fail."""

from pathlib import Path
from typing import Any, ClassVar

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from ganzoo.files import write_json


class Sweep(Callback):
    """Remembers where a sweep is: Hydra does not call a callback at the end of one that failed."""

    folder: ClassVar[Path | None] = None

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        Sweep.folder = Path(config.hydra.sweep.dir)


def note_failure(folder: Path, origin: dict[str, Any], error: BaseException) -> None:
    """Write into ``failure.json`` of a run why it failed, in one sentence."""
    spoken = " ".join(str(error).split()) or "no reason given"
    reason = spoken if isinstance(error, ValueError) else f"{type(error).__name__}: {spoken}"
    content = {**origin, "reason": reason[:1000]}
    write_json(folder / "failure.json", content)
