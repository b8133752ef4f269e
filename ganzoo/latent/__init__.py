"""What the generator is fed: noise, and the factors of a code."""

from ganzoo.latent.base import Latent
from ganzoo.latent.categorical import Categorical
from ganzoo.latent.gaussian import Gaussian
from ganzoo.latent.uniform import Uniform

__all__ = ["Categorical", "Gaussian", "Latent", "Uniform"]
