from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn

from ganzoo.network.dcgan import DCGAN
from ganzoo.network.mlp import MLP
from ganzoo.shape import Shape


@dataclass(frozen=True, kw_only=True)
class DenseGenerator(DCGAN):
    """DCGAN's discriminator against a fully connected ReLU generator.

    The pair on which WGAN's critic trains what the standard GAN fails to (Arjovsky et al. 2017,
    sections 4.2 and 4.3), https://arxiv.org/abs/1701.07875

    Args:
        generator_hidden: Widths of the generator's hidden layers.
    """

    generator_hidden: Sequence[int] = (512, 512, 512, 512)

    def generator(self, latent_dim: int, condition_dim: int, image_shape: Shape) -> nn.Module:
        pair = MLP(generator_hidden=self.generator_hidden)
        return pair.generator(latent_dim, condition_dim, image_shape)
