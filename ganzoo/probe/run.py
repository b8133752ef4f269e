"""Measuring a trained game by its probes."""

from collections.abc import Sequence
from pathlib import Path

from ganzoo.data.base import Data
from ganzoo.files import update_json
from ganzoo.game import Game
from ganzoo.probe.base import Probe


def run_probes(probes: Sequence[Probe], game: Game, data: Data, folder: Path) -> dict[str, float]:
    """Ask every probe, and add what they find to the run's ``metrics.json`` as ``probe/…``."""
    found: dict[str, float] = {}
    for probe in probes:
        own = probe.measure(game, data, folder)
        found |= {f"probe/{name}": value for name, value in own.items()}
        update_json(found, folder / "metrics.json")
    return found
