"""Augmentations inside the discriminator of a game that is played."""

import pytest
import torch
from hydra.utils import instantiate
from torch import Tensor, nn

from ganzoo.augmentation import ADA, DiffAugment, InstanceNoise, Mirror
from ganzoo.error import UserError
from ganzoo.game import Game
from ganzoo.inference.load import load
from ganzoo.loss import R1, Hinge, LeastSquares, Wasserstein
from ganzoo.network import MLP, ConvNet
from ganzoo.optimizer import Optimizers, sgd
from ganzoo.schedule import LinearSchedule
from ganzoo.settings.check import plain
from ganzoo.settings.compose import CONF
from ganzoo.settings.trust import check_trusted
from tests.helpers.games import shrink

SHAPE = (1, 8, 8)
TINY = MLP(generator_hidden=[16], discriminator_hidden=[16])
PACKED = MLP(generator_hidden=[16], discriminator_hidden=[16], packing=2)
NAMES = sorted(path.stem for path in (CONF / "augmentation").glob("*.yaml"))
STILL = Optimizers(sgd(0), sgd(0))


def recording(module: nn.Module) -> list[Tensor]:
    """What the module is given from now on."""
    seen: list[Tensor] = []
    module.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach().clone()))
    return seen


def constant(value: float, rows: int = 200) -> tuple[Tensor, Tensor]:
    return torch.full((rows, *SHAPE), value), torch.zeros(rows, dtype=torch.long)


def with_zero_fakes(game: Game) -> Game:
    nn.init.zeros_(game.generator[-3].weight)
    nn.init.zeros_(game.generator[-3].bias)
    return game


def test_noise_falls_by_the_images_shown_and_is_new_at_every_look(play):
    noise = InstanceNoise(LinearSchedule(0.4, 0.0, images=4 * 200))
    game = Game(SHAPE, network=TINY, n_critic=2, optimizer=STILL, augmentation=noise)
    seen = recording(with_zero_fakes(game).discriminator.trunk)
    play(game, 6, [constant(0.0)] * 6)
    assert len(seen) == 6 * 5
    for step, expected in enumerate([0.4, 0.3, 0.2, 0.1, 0.0, 0.0]):
        judged = seen[5 * step : 5 * step + 5]
        for images in judged:
            assert images.std().item() == pytest.approx(expected, rel=0.05)
            assert images.mean().item() == pytest.approx(0, abs=0.02)
        if expected:
            assert len({images[0, 0, 0, 0].item() for images in judged}) == 5


def test_both_players_see_real_and_generated_images_augmented_by_one_law(play):
    """Images that are all zero differ by brightness alone, which is uniform."""
    colour = DiffAugment(policy=["colour"])
    game = Game(SHAPE, network=TINY, optimizer=STILL, augmentation=colour)
    seen = recording(with_zero_fakes(game).discriminator.trunk)
    play(game, 1, [constant(0.0, rows=3000)])
    real, fake, again = (images[:, 0, 0, 0].sort().values for images in seen)
    uniform = torch.linspace(-0.5, 0.5, 3000)
    for brightness in (real, fake, again):
        assert (brightness - uniform).abs().max() < 0.04  # Kolmogorov-Smirnov, p < 0.001
    assert not torch.equal(real, fake)
    assert not torch.equal(fake, again)


def test_a_pack_is_augmented_image_by_image():
    game = Game(SHAPE, network=PACKED, augmentation=InstanceNoise(1.0))
    seen = recording(game.discriminator.trunk)
    game.discriminator(torch.zeros(100, *SHAPE), torch.zeros(100, 0))
    assert seen[0].shape == (50, 2, 8, 8)
    colour = Game(SHAPE, network=PACKED, augmentation=DiffAugment(policy=["colour"])).discriminator
    seen = recording(colour.trunk)
    colour(torch.zeros(100, *SHAPE), torch.zeros(100, 0))
    brightness = seen[0][:, :, 0, 0]
    assert len(brightness.flatten().unique()) == 100


def test_losses_see_images_as_they_were_and_penalties_look_through(play):
    """The slope of a linear critic at the image is that behind the mirror, mirrored."""
    images = torch.rand(4, 1, 4, 4)
    game = Game((1, 4, 4), network=TINY, augmentation=Mirror(1.0))
    game.discriminator.trunk = nn.Flatten()
    weight = torch.randn(1, 1, 4, 4)
    game.discriminator.head.forward = lambda features, _: (
        features @ weight.flatten(),
        features.new_zeros(len(features), 0),
    )
    images.requires_grad_()
    critique = game.discriminator(images, torch.zeros(4, 0))
    assert critique.images is images
    (slope,) = torch.autograd.grad(critique.score.sum(), images)
    for single in slope:
        assert torch.equal(single, weight[0]) or torch.equal(single, weight[0].flip(-1))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_done_with_a_trained_model_knows_of_no_augmentation(name, compose, play):
    cfg = shrink(compose(f"augmentation={name}", image_shape=(1, 16, 16)))
    game = instantiate(cfg.model, _convert_="all")
    play(game, 2)
    bare = instantiate(
        shrink(compose("augmentation=none", image_shape=(1, 16, 16))).model, _convert_="all"
    )
    bare.load_state_dict({k: v for k, v in game.state_dict().items() if "augmentation" not in k})
    assert torch.equal(game.sample(8), bare.sample(8))
    images = torch.rand(8, 1, 16, 16)
    assert torch.equal(game.features(images), bare.features(images))
    game.eval(), bare.eval()
    ours, theirs = (each.discriminator(images, torch.zeros(8, 0)) for each in (game, bare))
    assert torch.equal(ours.score, theirs.score)


@pytest.mark.parametrize("name", ["ada", "instance_noise"])
def test_a_run_with_an_augmentation_is_loaded_without_it(name, run):
    folder, game = run(f"augmentation={name}")
    players = load(folder)
    assert not [key for key in players.state_dict() if "augmentation" in key]
    assert torch.equal(players.sample(8), game.sample(8))


@pytest.mark.parametrize("penalty", [{}, {"r1": R1(1.0)}], ids=["", "r1"])
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    "augmentation", [Mirror, InstanceNoise, DiffAugment, ADA], ids=lambda each: each.__name__
)
def test_every_augmentation_trains_both_players(augmentation, channels, precision, penalty, play):
    game = Game(
        (channels, 16, 16),
        network=ConvNet(width=4),
        augmentation=augmentation(strength=0.5),
        loss={"hinge": Hinge(), **penalty},
    )
    before = {name: weight.detach().clone() for name, weight in game.named_parameters()}
    play(game, 2, precision=precision)
    assert all(weight.isfinite().all() for weight in game.parameters())
    moved = {name for name, weight in game.named_parameters() if not weight.equal(before[name])}
    assert {name.split(".")[0] for name in moved} - {"ema"} == {"generator", "discriminator"}


def test_an_unrolled_game_looks_through_the_augmentation(play):
    ahead = Optimizers(sgd(0.1), sgd(0.1), unrolled_steps=2)
    game = Game(SHAPE, network=TINY, optimizer=ahead, augmentation=ADA(strength=0.5))
    play(game, 2)
    assert all(weight.isfinite().all() for weight in game.parameters())


@pytest.mark.parametrize(
    ("loss", "score"), [(Hinge(), 0.1), (LeastSquares(a=-1.0, b=1.0, c=0.0), 0.1)]
)
def test_the_controller_hears_once_per_step_of_d_and_is_logged(loss, score, play):
    ada = ADA(rise=100)
    game = Game(SHAPE, network=TINY, n_critic=2, loss={"o": loss}, augmentation=ada)
    nn.init.zeros_(game.discriminator.head.score.weight)
    nn.init.constant_(game.discriminator.head.score.bias, score)
    game.optimizer = STILL
    play(game, 4)
    ada = game.discriminator.augmentation
    assert int(ada.observations) == 8
    assert float(ada.curves()["augmentation/strength"]) == pytest.approx(2 * 4 * 4 / 100)


@pytest.mark.parametrize("loss", [Wasserstein(), LeastSquares()])
def test_the_controller_needs_scores_that_say_real_or_fake(loss):
    with pytest.raises(UserError, match=r"augmentation\.strength=0\.5"):
        Game(SHAPE, network=TINY, loss={"objective": loss}, augmentation=ADA())
    Game(SHAPE, network=TINY, loss={"objective": loss}, augmentation=ADA(strength=0.3))


def test_points_are_refused_before_training():
    with pytest.raises(UserError, match="augmentation=none"):
        Game((2,), network=TINY, augmentation=DiffAugment())


@pytest.mark.parametrize(
    ("experiment", "steps", "law"),
    [
        ("gan_mnist", 24_000, {0: 0.7, 12_000: 0.35}),
        ("dcgan_mnist", 5_000, {0: 0.7, 2_500: 0.35}),
        ("lsgan_ring", 7_500, {0: 0.1, 3_750: 0.05, 7_500: 0.0, 15_000: 0.0}),
    ],
)
def test_noise_of_an_experiment_falls_over_so_many_steps(experiment, steps, law, compose):
    cfg = compose(f"experiment={experiment}")
    noise = instantiate(cfg.augmentation, _convert_="all")
    assert noise.strength.images == steps * cfg.data.batch_size
    for step, std in law.items():
        noise.strength.move(step * cfg.data.batch_size)
        assert noise.chance == pytest.approx(std)


def test_a_file_may_name_a_schedule(compose):
    cfg = compose("augmentation=instance_noise")
    check_trusted(plain(cfg.augmentation), "config.yaml")


def test_a_number_or_a_schedule_can_be_typed(compose):
    fixed = instantiate(
        compose("augmentation=instance_noise", "augmentation.strength=0.3").augmentation
    )
    assert fixed.chance == 0.3
    moving = "{_target_: ganzoo.schedule.CosineSchedule, first: 0, last: 0.6, images: 1e6}"
    ada = instantiate(compose("augmentation=ada", f"augmentation.strength={moving}").augmentation)
    ada.strength.move(1e6)
    assert ada.chance == 0.6
