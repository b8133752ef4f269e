"""The animals: each chooses the five parts of a game and says what only it can do."""

from ganzoo.model.acgan import ACGAN
from ganzoo.model.biggan import BigGAN
from ganzoo.model.cgan import CGAN
from ganzoo.model.dcgan import DCGAN
from ganzoo.model.gan import GAN
from ganzoo.model.infogan import InfoGAN
from ganzoo.model.lsgan import LSGAN
from ganzoo.model.pdgan import PDGAN
from ganzoo.model.r3gan import R3GAN
from ganzoo.model.sagan import SAGAN
from ganzoo.model.sngan import SNGAN
from ganzoo.model.stylegan2 import StyleGAN2
from ganzoo.model.unrolled_gan import UnrolledGAN
from ganzoo.model.wgan import WGAN, WGANGP

__all__ = [
    "ACGAN",
    "CGAN",
    "DCGAN",
    "GAN",
    "LSGAN",
    "PDGAN",
    "R3GAN",
    "SAGAN",
    "SNGAN",
    "WGAN",
    "WGANGP",
    "BigGAN",
    "InfoGAN",
    "StyleGAN2",
    "UnrolledGAN",
]
