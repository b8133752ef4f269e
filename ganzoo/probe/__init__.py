"""Probes: measurements of a trained game, once at the end of training."""

from ganzoo.probe.arithmetic import Arithmetic
from ganzoo.probe.base import Probe
from ganzoo.probe.class_accuracy import ClassAccuracy
from ganzoo.probe.codes import Codes
from ganzoo.probe.critic import Critic
from ganzoo.probe.curves import Curves
from ganzoo.probe.decision import Decision
from ganzoo.probe.interpolation import Interpolation
from ganzoo.probe.linear_svm import LinearSVM
from ganzoo.probe.mode_coverage import DigitModes, Modes
from ganzoo.probe.nearest import Nearest
from ganzoo.probe.parzen import Parzen
from ganzoo.probe.run import run_probes
from ganzoo.probe.transfer import Transfer

__all__ = [
    "Arithmetic",
    "ClassAccuracy",
    "Codes",
    "Critic",
    "Curves",
    "Decision",
    "DigitModes",
    "Interpolation",
    "LinearSVM",
    "Modes",
    "Nearest",
    "Parzen",
    "Probe",
    "Transfer",
    "run_probes",
]
