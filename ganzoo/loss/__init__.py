"""The terms of the game: objectives, penalties, constraints, and reading the condition back."""

from ganzoo.loss.auxiliary_classification import AuxiliaryClassification
from ganzoo.loss.base import Loss, Objective, Turn, View
from ganzoo.loss.gradient_penalty import DRAGAN, R1, GradientPenalty
from ganzoo.loss.hinge import Hinge
from ganzoo.loss.least_squares import LeastSquares
from ganzoo.loss.minimax import Minimax, NonSaturating
from ganzoo.loss.mutual_information import MutualInformation
from ganzoo.loss.terms import Losses, Terms, mean_terms, objective_names, total_loss
from ganzoo.loss.wasserstein import Wasserstein
from ganzoo.loss.weight_clipping import WeightClipping

__all__ = [
    "DRAGAN",
    "R1",
    "AuxiliaryClassification",
    "GradientPenalty",
    "Hinge",
    "LeastSquares",
    "Loss",
    "Losses",
    "Minimax",
    "MutualInformation",
    "NonSaturating",
    "Objective",
    "Terms",
    "Turn",
    "View",
    "Wasserstein",
    "WeightClipping",
    "mean_terms",
    "objective_names",
    "total_loss",
]
