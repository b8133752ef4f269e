"""Twenty-five Gaussians on a grid."""

from itertools import product

from ganzoo.data.mixture import Mixture

POSITIONS = (-4.0, -2.0, 0.0, 2.0, 4.0)


class Grid(Mixture):
    """Twenty-five Gaussians of standard deviation 0.05 on {-4, -2, 0, 2, 4}^2, times 0.2.

    Srivastava et al. 2017, VEEGAN, https://arxiv.org/abs/1705.07761.
    """

    layout = tuple(product(POSITIONS, POSITIONS))
    spread = 0.05
    scale = 0.2
