"""Why Lightning validates at this moment."""

from pytorch_lightning import Trainer


def validates_training(trainer: Trainer) -> bool:
    """Whether a validation belongs to training.

    It does not if it is Lightning's sanity check before the first step, or the trainer's
    ``validate``.
    """
    return trainer.state.fn == "fit" and not trainer.sanity_checking
