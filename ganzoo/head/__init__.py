"""What the discriminator does with the condition: ignores it, is told it, or must guess it."""

from ganzoo.head.base import Head
from ganzoo.head.concatenation import Concatenation
from ganzoo.head.projection import Projection
from ganzoo.head.recognition import Recognition
from ganzoo.head.unconditional import Unconditional

__all__ = ["Concatenation", "Head", "Projection", "Recognition", "Unconditional"]
