"""What every data set shares: its options, the split, the loaders and the facts."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import cached_property, partial
from math import prod
from typing import Any, ClassVar

from pytorch_lightning import LightningDataModule
from torch import Tensor

from ganzoo.data.loader import TrainLoader, ValidationLoader, epoch_length
from ganzoo.data.order import Order
from ganzoo.data.source import Source
from ganzoo.data.split import random_split, random_subset
from ganzoo.error import UserError, refuse_if
from ganzoo.shape import Shape


@dataclass(kw_only=True, eq=False)
class Data(LightningDataModule, ABC):
    """A data set with a fixed validation split and an endless training stream.

    A subclass states what differs, as a dataclass: other defaults, its own options, and
    ``field(init=False)`` for an option that it has no use for.

    Args:
        batch_size: Images per micro-batch and process.
        val_size: Samples held out of training.
        train_size: Samples to train on, a random part of those not held out; None takes them all.
        image_size: Side in pixels to resize to; None keeps the native size.
        split_seed: Decides which samples are held out, or how samples are drawn. It is not the
            run's seed, so runs with different seeds share one split.
        order_seed: Decides the order of training samples.
    """

    batch_size: int = 128
    val_size: int = 10_000
    train_size: int | None = None
    image_size: int | None = None
    split_seed: int = 0
    order_seed: int = 0

    counts: ClassVar[tuple[str, ...]] = ("batch_size", "val_size")  # options that must be positive

    def __post_init__(self) -> None:
        super().__init__()

    @abstractmethod
    def load(self) -> Source:
        """Read the data set.

        Raises:
            UserError: If files are missing or cannot be read.
        """

    def load_test(self) -> Source:
        """Read the test set, which neither training nor validation sees.

        Raises:
            UserError: If there is none, or files are missing or cannot be read.
        """
        raise UserError(
            f"data={type(self).__name__} has no test set to measure on: choose data=mnist, "
            "data=fashion_mnist, data=kmnist, data=cifar10 or data=svhn, or leave the probe out."
        )

    def hold_out(self, n: int) -> tuple[Tensor, Tensor]:
        """Divide n rows into those to train on and those to validate on."""
        return random_split(n, self.val_size, self.split_seed)

    def setup(self, stage: str | None = None) -> None:
        """Read and split the data; a second call does nothing.

        Raises:
            UserError: If an option does not fit this data set.
        """
        self._check_counts()
        refuse_if(
            self.val_size >= len(self.source),
            "The validation split must leave samples to train on, got data.val_size="
            f"{self.val_size} of {len(self.source)} samples: lower data.val_size.",
        )
        refuse_if(
            self.n_train < (self.train_size or 0),
            f"data.train_size={self.train_size} samples to train on, but {self.n_train} are "
            "not held out: lower data.train_size.",
        )
        refuse_if(
            self.batch_size > self.n_train,
            f"A batch must fit into the {self.n_train} training samples, got "
            f"data.batch_size={self.batch_size}: lower data.batch_size.",
        )

    @cached_property
    def source(self) -> Source:
        """All samples, before the split."""
        return self.load()

    @cached_property
    def test(self) -> Source:
        """All samples of the test set."""
        return self.load_test()

    @cached_property
    def split(self) -> tuple[Tensor, Tensor]:
        """Rows of the training and of the validation split, each in ascending order."""
        train, validation = self.hold_out(len(self.source))
        return random_subset(train, self.train_size, self.split_seed), validation

    @property
    def image_shape(self) -> Shape:
        """(C, H, W), or (D,) for points."""
        return self.source.shape

    @property
    def class_names(self) -> list[str]:
        """One per class; empty without classes."""
        return self.source.class_names

    @property
    def n_classes(self) -> int:
        """0 without classes."""
        return len(self.class_names)

    @property
    def n_features(self) -> int:
        """Width of the feature vectors that replace labels; 0 where labels are classes."""
        return sum(self.source.labels.shape[1:])

    @property
    def n_train(self) -> int:
        """Samples in the training split."""
        return len(self.split[0])

    @property
    def n_val(self) -> int:
        """Samples in the validation split."""
        return len(self.split[1])

    @cached_property
    def fingerprint(self) -> str:
        """Changes when the validation images or their preparation change."""
        return self.source.fingerprint(self.split[1])

    def train_dataloader(self) -> TrainLoader:
        """Endless; an item is a generator step: `n_critic * accumulate * batch_size` rows."""
        order, (rank, world) = Order(self.split[0], self.order_seed), self._rank_and_world()
        batch = {"batch_size": self.batch_size, "micro_batches": self._micro_batches()}
        rows = partial(order.step, **batch, rank=rank, world=world)
        length = epoch_length(self.trainer, self.n_train, world * prod(batch.values()))
        return TrainLoader(self.source, rows, length, self._steps_trained if self.trainer else None)

    def reshuffle(self, seed: int) -> None:
        """Order the training samples of the next loader by another seed."""
        self.order_seed = seed

    def val_dataloader(self) -> ValidationLoader:
        """Pass once over the validation split, every sample on exactly one process."""
        (rank, world), rows = self._rank_and_world(), self.split[1]
        # All ranks need the same number of batches: a forward under DDP may wait for the others.
        n_batches = min(-(-len(rows) // (world * self.batch_size)), len(rows) // world)
        return ValidationLoader(self.source, rows[rank::world].tensor_split(n_batches))

    def _check_counts(self) -> None:
        options = {option: getattr(self, option) for option in self.counts}
        for option in ("image_size", "train_size"):
            value = getattr(self, option)
            options[option] = 1 if value is None else value
        for option, value in options.items():
            refuse_if(
                not (isinstance(value, int) and value > 0),
                f"data.{option} must be a positive integer, got {value!r}: type for example "
                f"data.{option}=64.",
            )

    def _micro_batches(self) -> int:
        module = self.trainer and self.trainer.lightning_module
        return getattr(module, "n_critic", 1) * getattr(module, "accumulate", 1)

    def _rank_and_world(self) -> tuple[int, int]:
        return (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)

    def _steps_trained(self) -> int:
        trainer: Any = self.trainer
        total = trainer.fit_loop.epoch_loop.batch_progress.total
        return int(total.processed) * (not trainer.overfit_batches)  # which repeats the first


@dataclass(kw_only=True, eq=False)
class FileData(Data):
    """A data set that is read from files.

    Args:
        root: Folder that holds the files; the one option that may be given by position, as in
            ``MNIST("data")``.
    """

    root: str = field(default="data", kw_only=False)
