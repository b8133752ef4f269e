"""Data sets: `Trainer.fit(model, MNIST5k())`."""

from ganzoo.data.base import Data
from ganzoo.data.celeba import CelebA
from ganzoo.data.cifar10 import CIFAR10
from ganzoo.data.digits import Digits
from ganzoo.data.gaussian_1d import Gaussian1D
from ganzoo.data.grid import Grid
from ganzoo.data.image_folder import ImageFolder
from ganzoo.data.lsun import LSUN
from ganzoo.data.mixture import Mixture
from ganzoo.data.mnist import KMNIST, MNIST, FashionMNIST
from ganzoo.data.mnist5k import MNIST5k
from ganzoo.data.ring import Ring
from ganzoo.data.stacked_mnist import StackedMNIST
from ganzoo.data.svhn import SVHN

__all__ = [
    "CIFAR10",
    "KMNIST",
    "LSUN",
    "MNIST",
    "SVHN",
    "CelebA",
    "Data",
    "Digits",
    "FashionMNIST",
    "Gaussian1D",
    "Grid",
    "ImageFolder",
    "MNIST5k",
    "Mixture",
    "Ring",
    "StackedMNIST",
]
