"""One Gaussian on the line, where every density of the game can be drawn."""

from ganzoo.data.mixture import Mixture


class Gaussian1D(Mixture):
    """A Gaussian of standard deviation 0.2 around 0.25.

    The setting of Goodfellow et al. 2014, figure 1, https://arxiv.org/abs/1406.2661, which gives no
    numbers.
    """

    layout = ((0.25,),)
    spread = 0.2
    scale = 1.0
