"""Eight Gaussians on a circle."""

from math import cos, pi, sin

from ganzoo.data.mixture import Mixture


class Ring(Mixture):
    """Eight Gaussians of standard deviation 0.02 on a circle of radius 2, times 0.4.

    Metz et al. 2017, Unrolled Generative Adversarial Networks, https://arxiv.org/abs/1611.02163,
    section 3.1.
    """

    layout = tuple((2 * cos(k * pi / 4), 2 * sin(k * pi / 4)) for k in range(8))
    spread = 0.02
    scale = 0.4
