"""Where the game augments images, and where it does not."""

import pytest
import torch

from ganzoo.augmentation import ADA, AdjustableAugmentation, DiffAugment
from ganzoo.error import UserError
from ganzoo.game import Game
from ganzoo.loss import R1, LeastSquares, NonSaturating, Wasserstein
from ganzoo.network import MLP
from ganzoo.schedule import LinearSchedule

SHAPE = (1, 8, 8)
TINY = MLP(generator_hidden=[16], discriminator_hidden=[16])


class Tripled(AdjustableAugmentation):
    """Multiplies images, and remembers what D said of the real ones."""

    def __init__(self, strength=1.0):
        super().__init__(strength)
        self.register_buffer("calls", torch.zeros(()))
        self.observed = []

    def transform(self, images):
        return images * 3

    def observe(self, real_scores):
        self.calls += 1
        self.observed.append(real_scores)


def test_both_kinds_of_images_are_augmented_in_training_and_nothing_else_is():
    game = Game(SHAPE, network=TINY, augmentation=Tripled())
    plain = Game(SHAPE, network=TINY)
    images, nothing = torch.randn(4, *SHAPE), torch.zeros(4, 0)
    critique = game.discriminator(images, nothing)
    assert torch.equal(critique.images, images)  # losses see them as they were
    assert torch.equal(critique.score, plain.discriminator(images * 3, nothing).score)
    assert torch.equal(critique.features, plain.discriminator.features(images * 3))
    assert torch.equal(game.features(images), plain.features(images))
    assert torch.equal(game.sample(4), plain.sample(4))
    game.eval()
    assert torch.equal(
        game.discriminator(images, nothing).score, plain.discriminator(images, nothing).score
    )


def test_penalties_differentiate_at_the_image_before_the_augmentation(play):
    losses = {"non_saturating": NonSaturating(), "r1": R1(1.0)}
    values = {}
    for name, augmentation in {"plain": {}, "tripled": {"augmentation": Tripled()}}.items():
        game = Game(SHAPE, network=MLP(discriminator_hidden=[]), loss=losses, **augmentation)
        play(game, steps=1)
        values[name] = float(game.curves["discriminator/r1"])
    assert values["tripled"] == pytest.approx(9 * values["plain"])  # of a linear D


def test_an_augmentation_observes_the_real_scores_of_every_step_of_d(play):
    game = Game(SHAPE, network=TINY, augmentation=Tripled(), n_critic=2)
    scores = []
    game.discriminator.register_forward_hook(lambda *call: scores.append(call[2].score.detach()))
    play(game, steps=2)
    augmentation = game.discriminator.augmentation
    real = [scores[i] for i in (0, 2, 5, 7)]  # real, fake, real, fake, then G's turn
    assert all(torch.equal(*pair) for pair in zip(augmentation.observed, real, strict=True))
    assert game.state_dict()["discriminator.augmentation.calls"] == 4
    assert Tripled().calls == 0  # each game has its own


def test_a_moving_strength_follows_the_images_shown_and_is_logged(play):
    strength = LinearSchedule(1.0, 0.0, images=16)
    game = Game(SHAPE, network=TINY, augmentation=Tripled(strength))
    trainer = play(game, steps=3, log_every_n_steps=1)
    assert trainer.logged_metrics["schedule/augmentation.strength"] == 1 - 8 / 16


def test_an_adjusted_strength_is_logged(play):
    trainer = play(Game((1, 16, 16), network=TINY, augmentation=ADA()), log_every_n_steps=1)
    assert "augmentation/strength" in trainer.logged_metrics


@pytest.mark.parametrize(
    ("shape", "choices", "sentence"),
    [
        ((2,), {"augmentation": DiffAugment()}, "augmentation=none"),
        ((1, 8, 8), {"augmentation": ADA(), "loss": {"w": Wasserstein()}}, "strength=0.5"),
        ((1, 8, 8), {"augmentation": ADA(), "loss": {"ls": LeastSquares()}}, "strength=0.5"),
    ],
)
def test_an_augmentation_that_does_not_fit_is_refused(shape, choices, sentence):
    with pytest.raises(UserError, match=sentence):
        Game(shape, network=TINY, **choices)
