"""Scores of generated samples and the features in which they are measured."""

from ganzoo.metric.classifier_score import ClassifierScore
from ganzoo.metric.digits import Digits
from ganzoo.metric.extractor import Extractor
from ganzoo.metric.fid import FID
from ganzoo.metric.fid_per_class import FIDPerClass
from ganzoo.metric.inception import Inception
from ganzoo.metric.kid import KID
from ganzoo.metric.mifid import MiFID
from ganzoo.metric.network import Network
from ganzoo.metric.points import Points
from ganzoo.metric.prdc import PRDC
from ganzoo.metric.score import KeepingScore, Score

__all__ = [
    "FID",
    "KID",
    "PRDC",
    "ClassifierScore",
    "Digits",
    "Extractor",
    "FIDPerClass",
    "Inception",
    "KeepingScore",
    "MiFID",
    "Network",
    "Points",
    "Score",
]
