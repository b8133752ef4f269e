import torch
import torch.nn.functional as F
from torch import Tensor

from ganzoo.condition.base import OneFactor
from ganzoo.draws import Draws
from ganzoo.error import refuse_if
from ganzoo.latent import Categorical


class ClassLabel(OneFactor):
    """The class of the real image, one-hot (Mirza & Osindero 2014, section 3.2).

    https://arxiv.org/abs/1411.1784

    Raises:
        UserError: If the data has no classes.
    """

    def __init__(self, n_classes: int) -> None:
        refuse_if(
            n_classes < 1,
            "condition=class_label needs data with class labels, and this data has none: "
            "choose other data, such as data=mnist5k, or an unconditional model=dcgan.",
        )
        super().__init__(Categorical(n_classes))

    def draw(self, labels: Tensor, draws: Draws) -> Tensor:
        return F.one_hot(labels, self.dim).float()

    def labels(self, rows: int, first: int = 0) -> Tensor:
        return torch.arange(first, first + rows) % self.dim

    def checked(self, labels: Tensor) -> Tensor:
        whole = not (
            labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool
        )
        refuse_if(
            labels.ndim != 1 or not whole or not 0 <= labels.min() <= labels.max() < self.dim,
            f"classes are numbers from 0 to {self.dim - 1}, one for each image: pass a list such "
            f"as [0, {self.dim - 1}].",
        )
        return labels.long()

    def showcase(self, rows: int, columns: int, draws: Draws) -> Tensor:
        return self.factor.sweep(columns).repeat(rows, 1)  # a class per column
