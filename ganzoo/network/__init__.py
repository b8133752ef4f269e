"""The players: generators, and the trunks of discriminators."""

from ganzoo.network.base import Generator, Network, draw_images
from ganzoo.network.conditional_resnet import ConditionalResNet
from ganzoo.network.convnet import ConvNet
from ganzoo.network.discriminator import Critique, Discriminator, Judge
from ganzoo.network.maxout import BranchedMLP, MaxoutMLP
from ganzoo.network.mlp import MLP
from ganzoo.network.plane import Plane
from ganzoo.network.r3gan import BottleneckNet
from ganzoo.network.resnet import ResNet
from ganzoo.network.stylegan2 import StyleNet

__all__ = [
    "MLP",
    "BottleneckNet",
    "BranchedMLP",
    "ConditionalResNet",
    "ConvNet",
    "Critique",
    "Discriminator",
    "Generator",
    "Judge",
    "MaxoutMLP",
    "Network",
    "Plane",
    "ResNet",
    "StyleNet",
    "draw_images",
]
