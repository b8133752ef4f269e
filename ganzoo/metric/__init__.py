"""Scores of generated samples and the features in which they are measured."""

from ganzoo.metric.classifier_score import ClassifierScore
from ganzoo.metric.digits import DigitsExtractor
from ganzoo.metric.extractor import Extractor
from ganzoo.metric.fid import FID
from ganzoo.metric.fid_per_class import FIDPerClass
from ganzoo.metric.inception import InceptionExtractor
from ganzoo.metric.kid import KID
from ganzoo.metric.mifid import MiFID
from ganzoo.metric.network import NetworkExtractor
from ganzoo.metric.points import PointsExtractor
from ganzoo.metric.prdc import PRDC
from ganzoo.metric.score import PooledScore, Score
from ganzoo.metric.timm_network import TimmNetwork

__all__ = [
    "FID",
    "KID",
    "PRDC",
    "ClassifierScore",
    "DigitsExtractor",
    "Extractor",
    "FIDPerClass",
    "InceptionExtractor",
    "MiFID",
    "NetworkExtractor",
    "PointsExtractor",
    "PooledScore",
    "Score",
    "TimmNetwork",
]
