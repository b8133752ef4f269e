"""The terms of the game: objectives, penalties, constraints, and reading the condition back."""

from ganzoo.loss.auxiliary_classification import AuxiliaryClassification
from ganzoo.loss.balanced_consistency import BalancedConsistency
from ganzoo.loss.base import Loss, Objective, Turn, View
from ganzoo.loss.feature_matching import FeatureMatching
from ganzoo.loss.gradient_normalisation import GradientNormalisation
from ganzoo.loss.gradient_penalty import DRAGAN, R1, R1R2, R2, GradientPenalty
from ganzoo.loss.hinge import Hinge
from ganzoo.loss.latent_consistency import LatentConsistency
from ganzoo.loss.least_squares import LeastSquares
from ganzoo.loss.lecam import LeCam
from ganzoo.loss.minimax import Minimax, NonSaturating
from ganzoo.loss.mutual_information import MutualInformation
from ganzoo.loss.path_length import PathLength
from ganzoo.loss.relativistic_average import RelativisticAverage
from ganzoo.loss.relativistic_pair import RelativisticPair
from ganzoo.loss.terms import Losses, Terms, mean_terms, objective_names, total_loss
from ganzoo.loss.wasserstein import Wasserstein
from ganzoo.loss.weight_clipping import WeightClipping

__all__ = [
    "DRAGAN",
    "R1",
    "R1R2",
    "R2",
    "AuxiliaryClassification",
    "BalancedConsistency",
    "FeatureMatching",
    "GradientNormalisation",
    "GradientPenalty",
    "Hinge",
    "LatentConsistency",
    "LeCam",
    "LeastSquares",
    "Loss",
    "Losses",
    "Minimax",
    "MutualInformation",
    "NonSaturating",
    "Objective",
    "PathLength",
    "RelativisticAverage",
    "RelativisticPair",
    "Terms",
    "Turn",
    "View",
    "Wasserstein",
    "WeightClipping",
    "mean_terms",
    "objective_names",
    "total_loss",
]
