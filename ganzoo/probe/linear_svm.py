from typing import ClassVar

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms import InterpolationMode, RandomAffine

from ganzoo.data.base import Data
from ganzoo.error import refuse_if
from ganzoo.game import Game
from ganzoo.probe.base import Probe
from ganzoo.runs import RunFolder


class LinearSVM(Probe):
    """Whether D's features separate classes without labels: the error of a linear L2-SVM on them.

    Radford et al. 2016, section 5, https://arxiv.org/abs/1511.06434: every convolution's
    activations, max-pooled to 4 x 4 and flattened, and few labels, equally many of every class. The
    regularisation is weakened tenfold, six times at most, until the validation error rises.

    With ``copies`` the SVM also learns from slightly transformed copies of every labelled image:
    virtual examples, DeCoste & Schölkopf 2002, section 3,
    https://doi.org/10.1023/A:1012454411458.

    Measures ``svm_error``, on the test set, and ``svm_c``.

    Args:
        n_labels: Labelled training images.
        seed: Seed of the choice of images and of the copies.
        layer: Use one activation only, counted from the image, 0 first; None uses all convolutions.
        copies: Copies of every labelled image, each shifted (by up to 7 % of the side), rotated
            (15°), scaled (10 %) and sheared (10°) at random; None is the paper's measurement.
    """

    needs_discriminator: ClassVar[bool] = True
    reads_test: ClassVar[bool] = True

    def __init__(
        self,
        n_labels: int = 1000,
        seed: int = 0,
        layer: int | None = None,
        copies: int | None = None,
    ) -> None:
        self.n_labels, self.seed, self.layer, self.copies = n_labels, seed, layer, copies

    def check(self, game: Game, data: Data) -> None:
        super().check(game, data)
        refuse_if(
            game.discriminator.packing > 1,
            "probe=linear_svm reads single images: type network.packing=1.",
        )
        refuse_if(
            not data.n_classes, "probe=linear_svm needs data with class labels: choose data=mnist."
        )
        game.features(torch.zeros(1, *data.image_shape), self.layer)  # refuses another layer

    def measure(self, game: Game, data: Data, run: RunFolder) -> dict[str, float]:
        # Here, because scikit-learn is slow to import and only some runs ask for the probe.
        from sklearn.preprocessing import StandardScaler  # noqa: PLC0415
        from sklearn.svm import LinearSVC  # noqa: PLC0415

        train, validation = data.split
        chosen = balanced(data.source.labels[train], self.n_labels, self.seed)
        labelled, classes = data.source.read(train[chosen])
        copies = self.copies or 0
        sets = [
            (with_copies(labelled, copies, self.seed), classes.repeat(1 + copies)),
            data.source.read(validation),
            data.test.read(torch.arange(len(data.test))),
        ]
        (x, y), (x_val, y_val), (x_test, y_test) = [
            (features(game, images, self.layer), labels.numpy()) for images, labels in sets
        ]
        scale = StandardScaler().fit(x)
        x, x_val, x_test = (scale.transform(each) for each in (x, x_val, x_test))
        machines = (
            LinearSVC(C=10.0**power, dual=True, random_state=0).fit(x, y) for power in range(-6, 1)
        )
        best = next(machines)
        highest = best.score(x_val, y_val)
        for weaker in machines:
            score = weaker.score(x_val, y_val)
            if score < highest:
                break  # weaker regularisation takes longer: minutes, with many copies
            if score > highest:
                best, highest = weaker, score
        return {"svm_error": 1 - best.score(x_test, y_test), "svm_c": best.C}


def with_copies(images: Tensor, copies: int, seed: int) -> Tensor:
    """The images, followed by randomly transformed copies of all of them.

    (N, C, H, W) in [-1, 1] -> (N * (1 + copies), C, H, W); uncovered pixels are -1.
    """
    move = RandomAffine(
        degrees=15,
        translate=(0.07, 0.07),
        scale=(0.9, 1.1),
        shear=10,
        interpolation=InterpolationMode.BILINEAR,
        fill=-1,
    )
    with torch.random.fork_rng(devices=[]):  # the transform draws from torch's own generator
        torch.manual_seed(seed)
        drawn = [torch.stack([move(image) for image in images]) for _ in range(copies)]
    return torch.cat([images, *drawn])


def features(game: Game, images: Tensor, layer: int | None) -> np.ndarray:
    """(N, C, H, W) in [-1, 1] -> (N, F)."""
    parts = torch.split(images, 500)
    return torch.cat([game.features(part.to(game.device), layer).cpu() for part in parts]).numpy()


def balanced(labels: Tensor, n: int, seed: int) -> Tensor:
    """Rows of n samples, equally many of every class, give or take one."""
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    kinds = torch.unique(labels)
    shares = torch.arange(n).tensor_split(len(kinds))
    picked = [
        order[labels[order] == kind][: len(share)]
        for kind, share in zip(kinds, shares, strict=True)
    ]
    return torch.cat(picked)
