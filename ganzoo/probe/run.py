"""Measuring a trained game by its probes."""

from collections.abc import Sequence

from ganzoo.data.base import Data
from ganzoo.game import Game
from ganzoo.probe.base import Probe
from ganzoo.runs import RunFolder


def run_probes(probes: Sequence[Probe], game: Game, data: Data, run: RunFolder) -> dict[str, float]:
    """Measure every probe, and add the results to the run's metrics as ``probe/…``."""
    measured: dict[str, float] = {}
    for probe in probes:
        results = probe.measure(game, data, run)
        measured |= {f"probe/{name}": value for name, value in results.items()}
        run.metrics.update(measured)
    return measured
