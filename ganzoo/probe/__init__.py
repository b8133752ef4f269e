"""What the papers say of a trained game, measured once when training is over."""

from ganzoo.probe.arithmetic import Arithmetic
from ganzoo.probe.base import Probe
from ganzoo.probe.class_accuracy import ClassAccuracy
from ganzoo.probe.codes import Codes
from ganzoo.probe.critic import Critic
from ganzoo.probe.interpolation import Interpolation
from ganzoo.probe.linear_svm import LinearSVM
from ganzoo.probe.modes import DigitModes, Modes
from ganzoo.probe.parzen import Parzen

__all__ = [
    "Arithmetic",
    "ClassAccuracy",
    "Codes",
    "Critic",
    "DigitModes",
    "Interpolation",
    "LinearSVM",
    "Modes",
    "Parzen",
    "Probe",
]
