"""What the generator is told besides noise."""

from ganzoo.condition.base import Condition
from ganzoo.condition.class_label import ClassLabel
from ganzoo.condition.feature_vector import FeatureVector
from ganzoo.condition.latent_code import LatentCode
from ganzoo.condition.nothing import Nothing

__all__ = ["ClassLabel", "Condition", "FeatureVector", "LatentCode", "Nothing"]
