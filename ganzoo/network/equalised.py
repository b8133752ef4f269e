"""Weights that all learn equally fast, whatever the size of their layer."""

from math import sqrt

from torch import Tensor, nn
from torch.nn.utils.parametrize import register_parametrization

from ganzoo.network.base import zero_bias


class Scaled(nn.Module):
    """A weight that is stored as numbers of another size than it is used at."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, weight: Tensor) -> Tensor:
        return weight * self.scale


def equalise(layer: nn.Module) -> None:
    """Store a layer's weight with variance one and use it at He's scale without the gain.

    Karras et al. 2018, section 4.1, https://arxiv.org/abs/1710.10196
    """
    if isinstance(layer, nn.Linear | nn.Conv2d) and layer.weight.numel():
        fan_in = layer.weight[0].numel()
        nn.init.normal_(layer.weight)
        zero_bias(layer)
        register_parametrization(layer, "weight", Scaled(1 / sqrt(fan_in)))


def slow_down(layer: nn.Linear, rate: float) -> nn.Linear:
    """Let an equalised layer learn at a share of the rate, from the same first outputs.

    Karras et al. 2019, appendix B, https://arxiv.org/abs/1812.04948
    """
    stored = next(weight for name, weight in layer.named_parameters() if "weight" in name)
    stored.data /= rate
    register_parametrization(layer, "weight", Scaled(rate))
    register_parametrization(layer, "bias", Scaled(rate))
    return layer
