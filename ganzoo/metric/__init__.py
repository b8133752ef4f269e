"""Scores of generated samples and the features in which they are measured."""

from ganzoo.metric.digits import Digits
from ganzoo.metric.extractor import Extractor
from ganzoo.metric.fid import FID
from ganzoo.metric.inception import Inception
from ganzoo.metric.points import Points
from ganzoo.metric.score import Score

__all__ = ["FID", "Digits", "Extractor", "Inception", "Points", "Score"]
