from torch import Tensor

from ganzoo.condition.base import OneFactor
from ganzoo.draws import Draws
from ganzoo.error import UserError, refuse_if
from ganzoo.latent import Gaussian


class FeatureVector(OneFactor):
    """A vector from another modality that comes with every real image.

    Mirza & Osindero 2014, section 4.2, https://arxiv.org/abs/1411.1784

    Raises:
        UserError: If the data's labels are not vectors.
    """

    def __init__(self, n_features: int) -> None:
        refuse_if(
            n_features < 1,
            "condition=feature_vector needs a vector with every picture, and this data has "
            "none: give it by data=image_folder data.features=vectors.npy, or choose "
            "condition=class_label.",
        )
        super().__init__(Gaussian(n_features))

    def draw(self, labels: Tensor, draws: Draws) -> Tensor:
        return labels

    def labels(self, rows: int, first: int = 0) -> Tensor:
        raise UserError(
            f"this model is conditioned on vectors of width {self.dim}, which come only with "
            "data: pass the vectors to sample() in Python, one per row."
        )

    def checked(self, labels: Tensor) -> Tensor:
        refuse_if(
            labels.ndim != 2 or labels.shape[1] != self.dim or not labels.isfinite().all(),
            f"this model is told a vector of {self.dim} finite numbers for each image, got "
            f"{tuple(labels.shape)}: pass (N, {self.dim}).",
        )
        return labels.float()

    def showcase(self, rows: int, columns: int, draws: Draws) -> Tensor:
        return draws.normal(columns, self.dim).cpu().repeat(rows, 1)  # a vector per column
