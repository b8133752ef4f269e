from collections.abc import Mapping
from statistics import fmean

from torch import Tensor

from ganzoo.error import UserError, refuse_if
from ganzoo.metric.extractor import Extractor
from ganzoo.metric.fid import FID
from ganzoo.metric.score import Score
from ganzoo.shape import Shape


class FIDPerClass(Score):
    """Intra-class FID: the mean over classes of the FID between their real and generated images.

    Miyato & Koyama 2018, section 5, https://arxiv.org/abs/1802.05637: a conditional model that
    collapses within classes, or confuses classes, can have a good FID and a bad one of these.

    Args:
        extractor: Of the features.
    """

    def __init__(self, extractor: Extractor) -> None:
        super().__init__(extractor)
        self.classes: list[FID] = []

    def check(self, shape: Shape, n: int, classes: Mapping[str, int]) -> None:
        super().check(shape, n, classes)
        if not classes:
            raise no_classes_error()
        few = [f"{name} has {count}" for name, count in classes.items() if count < 2]
        refuse_if(
            few,
            f"metric={self.name} needs at least 2 samples of every class, and {len(few)} of "
            f"{len(classes)} classes have fewer (class {', class '.join(few[:3])}): "
            f"{self.remedy}, or leave it out of metric=[…].",
        )

    def update(self, features: Tensor, real: bool, condition: Tensor | None = None) -> None:
        if condition is None or not condition.shape[1]:
            raise no_classes_error()
        self.classes += [FID(self.extractor) for _ in range(condition.shape[1] - len(self.classes))]
        kinds = condition.argmax(1)
        for kind, score in enumerate(self.classes):
            score.update(features[kinds == kind], real)

    def compute(self) -> float:
        return fmean(float(score.compute()) for score in self.classes)

    def reset(self) -> None:
        for score in self.classes:
            score.reset()


def no_classes_error() -> UserError:
    return UserError(
        "metric=fid_per_class compares class by class, and the model has no classes: choose "
        "model=cgan or model=acgan, or leave it out of metric=[…]."
    )
