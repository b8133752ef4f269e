"""The turns, the randomness and the bookkeeping of the game, for every variant."""

import re
from copy import deepcopy
from functools import partial
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hydra.utils import instantiate
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor, nn

from ganzoo import model
from ganzoo.callback import SampleGrid, Scores
from ganzoo.condition import ClassLabel, LatentCode
from ganzoo.data import Digits as DigitData
from ganzoo.draws import Draws
from ganzoo.error import UserError
from ganzoo.game import Game, Stream
from ganzoo.head import Projection, Recognition
from ganzoo.latent import Gaussian
from ganzoo.loss import (
    GradientPenalty,
    Hinge,
    LeastSquares,
    MutualInformation,
    NonSaturating,
    Wasserstein,
)
from ganzoo.metric import FID, DigitsExtractor
from ganzoo.network import MLP, BranchedMLP, ConvNet, MaxoutMLP
from ganzoo.optimizer import MomentumSchedule, Optimizers, adam, sgd
from ganzoo.settings.compose import CONF
from tests.helpers.games import noise_for, quiet_trainer, shrink

MODELS = sorted(path.stem for path in (CONF / "model").glob("*.yaml"))
SHAPE = (1, 8, 8)
TINY = MLP(generator_hidden=[16], discriminator_hidden=[16])
SMALL = ConvNet(width=4, unit_norm=False)  # which would hide the bias before it
DROPOUT = MaxoutMLP(generator_hidden=[16], discriminator_hidden=[16], pieces=2)


def weights(module: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in module.state_dict().items()}


def same(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[k], second[k]) for k in first)


def recording(module: nn.Module) -> list[tuple[Any, ...]]:
    """What the module is given from now on."""
    seen: list[tuple[Any, ...]] = []
    module.register_forward_pre_hook(lambda _, inputs: seen.append(copies(inputs)))
    return seen


def copies(inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return tuple(each.detach().clone() for each in inputs)


# The turns


class Turns(Callback):
    """Notes at every optimizer step whose it is, and whose weights change until the next."""

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.game, self.turns = pl_module, []
        self.mover, self.before = None, self.snapshot()
        players = ("generator", "discriminator")
        for player, optimizer in zip(players, trainer.optimizers, strict=True):
            optimizer.register_step_pre_hook(partial(self.begin, player))

    def on_train_batch_end(self, *_: Any) -> None:
        self.begin(None)

    def begin(self, player: str | None, *_: Any) -> None:
        now = self.snapshot()
        changed = {name for name in now if not torch.equal(now[name], self.before[name])}
        if self.mover or changed:
            self.turns.append((self.mover, changed))
        self.mover, self.before = player, now

    def snapshot(self) -> dict[str, Tensor]:
        return {name: weight.detach().clone() for name, weight in self.game.named_parameters()}


@pytest.mark.parametrize("name", MODELS)
def test_only_the_network_whose_turn_it_is_changes(name, compose, play):
    cfg = shrink(compose(f"model={name}", "ema=null", image_shape=(1, 32, 32)))
    game = instantiate(cfg.model, _convert_="all")
    watch = Turns()
    trainer = play(game, steps=3, callbacks=[watch])
    order = (["discriminator"] * cfg.n_critic + ["generator"]) * 3
    assert [mover for mover, _ in watch.turns] == order
    for mover, changed in watch.turns:
        assert {name.split(".")[0] for name in changed} <= {mover}
    moved = set.union(*(changed for _, changed in watch.turns))
    matrices = {name for name, weight in game.named_parameters() if weight.ndim > 1}
    assert matrices <= moved  # a critic's last bias, and one before batch norm, may have no slope
    assert trainer.global_step == 3
    assert all(weight.requires_grad for weight in game.parameters())


def test_the_generators_turn_spends_nothing_on_the_discriminators_gradients(play):
    game = Game(SHAPE, network=TINY)
    wanted = []
    game.discriminator.register_forward_pre_hook(
        lambda module, _: wanted.append(any(each.requires_grad for each in module.parameters()))
    )
    play(game, steps=2)
    assert wanted == [True, True, False] * 2


@pytest.mark.parametrize("n_critic", [1, 2, 3])
def test_the_discriminator_sees_each_micro_batch_once_and_in_order(n_critic, play):
    game = Game(SHAPE, network=TINY, n_critic=n_critic)
    seen = recording(game.discriminator)
    batches = [noise_for(game, 4 * n_critic, step) for step in range(3)]
    trainer = play(game, steps=3, batches=batches)
    turns = iter(images for images, _ in seen)
    for images, _ in batches:
        for part in images.split(4):
            assert torch.equal(next(turns), part)
            next(turns)  # a fake
        next(turns)  # the generator's turn
    assert next(turns, None) is None
    assert trainer.global_step == 3


def test_every_discriminator_step_has_fresh_noise(play):
    game = Game(SHAPE, network=TINY, n_critic=3)
    seen = recording(game.generator)
    play(game, steps=4)
    noise = torch.cat([latent for latent, _ in seen])
    assert len(noise) == 4 * 3 * 4
    assert len(noise.unique(dim=0)) == len(noise)
    assert noise.abs().max() <= 1


def test_noise_depends_on_the_seed_and_the_step_alone(play):
    seen = []
    for steps, seed in ((3, 1), (3, 1), (3, 2)):
        game = Game(SHAPE, network=DROPOUT, seed=seed)
        seen.append(recording(game.generator))
        torch.rand(steps)
        play(game, steps=steps)
    first, again, other = (torch.stack([latent for latent, _ in each]) for each in seen)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    expected = game.latent.draw(4, Draws(1, Stream.TRAINING, 2))
    assert torch.equal(first[2], expected)


def test_both_players_are_told_the_labels_of_the_micro_batch(play):
    game = Game(SHAPE, network=TINY, condition=ClassLabel(10), head=Projection, n_critic=2)
    told, made = recording(game.discriminator), recording(game.generator)
    batch = (torch.zeros(8, *SHAPE), torch.tensor([3, 1, 4, 1, 5, 9, 2, 6]))
    play(game, steps=1, batches=[batch])
    first, second = F.one_hot(batch[1], 10).float().split(4)
    assert [torch.equal(each, first) for _, each in told] == [True, True, False, False, False]
    assert [torch.equal(each, second) for _, each in told] == [False, False, True, True, True]
    assert torch.equal(torch.cat([each for _, each in made]), torch.cat([first, second]))


def binary(score: Tensor, target: float) -> Tensor:
    return F.binary_cross_entropy_with_logits(score, torch.full_like(score, target))


@pytest.mark.parametrize("network", [TINY, SMALL], ids=["mlp", "dcgan"])
def test_the_game_is_the_textbook_loop(network, play):
    """Hand-written: two discriminator steps per generator step, momentum SGD and Adam."""
    game = Game(
        SHAPE, network=network, n_critic=2, optimizer=Optimizers(adam(1e-2), sgd(0.3, 0.9)), seed=4
    )
    generator, discriminator = deepcopy(game.generator), deepcopy(game.discriminator)
    for_g = torch.optim.Adam(generator.parameters(), 1e-2, (0.5, 0.999), fused=True)
    for_d = torch.optim.SGD(discriminator.parameters(), 0.3, 0.9)
    latents = recording(game.generator)
    batches = [noise_for(game, 8, step) for step in range(3)]
    play(game, steps=3, batches=batches)

    told, noise = torch.zeros(4, 0), iter(latents)
    for images, _ in batches:
        for real in images.split(4):
            fake = generator(next(noise)[0], told)
            for_d.zero_grad()
            judged = discriminator(real, told).score, discriminator(fake.detach(), told).score
            (binary(judged[0], 1) + binary(judged[1], 0)).backward()
            for_d.step()
        for_g.zero_grad()
        binary(discriminator(fake, told).score, 1).backward()
        for_g.step()

    for ours, theirs in ((game.generator, generator), (game.discriminator, discriminator)):
        for name, value in weights(theirs).items():
            torch.testing.assert_close(ours.state_dict()[name], value, msg=name)


def test_each_player_has_its_own_optimizer():
    game = model.InfoGAN(SHAPE, optimizer=Optimizers(adam(1e-3), adam(2e-4)))
    (generators, discriminators), schedules = game.configure_optimizers()
    assert (generators.defaults["lr"], discriminators.defaults["lr"]) == (1e-3, 2e-4)
    for optimizer, player in ((generators, game.generator), (discriminators, game.discriminator)):
        held = [id(weight) for group in optimizer.param_groups for weight in group["params"]]
        assert sorted(held) == sorted(id(weight) for weight in player.parameters())
    assert schedules == []


# Curves


def test_every_term_is_logged_under_its_own_name(play):
    game = Game(
        SHAPE,
        network=TINY,
        condition=LatentCode((3,), 1),
        head=Recognition,
        loss={
            "hinge": Hinge(),
            "gradient_penalty": GradientPenalty(),
            "mutual_information": MutualInformation(),
        },
        n_critic=2,
    )
    trainer = play(game, steps=3, log_every_n_steps=1)
    terms = {
        *("discriminator/hinge", "discriminator/gradient_penalty"),
        *("discriminator/mutual_information", "generator/mutual_information", "generator/hinge"),
        *("discriminator/output_real", "discriminator/output_fake"),
    }
    assert game.curves.keys() == terms
    assert trainer.logged_metrics.keys() == terms | {"step", "images"}
    assert trainer.logged_metrics["step"] == 3
    assert trainer.logged_metrics["images"] == 3 * 2 * 4
    assert not any(value.requires_grad for value in game.curves.values())


def test_the_output_curves_are_probabilities_in_the_minimax_game(play):
    game = Game(SHAPE, network=TINY)
    judged = []
    game.discriminator.register_forward_hook(lambda *args: judged.append(args[2].score.detach()))
    play(game, steps=1)
    for of, score in zip(("real", "fake"), judged[:2], strict=True):
        expected = score.sigmoid().mean().item()
        assert game.curves[f"discriminator/output_{of}"].item() == pytest.approx(expected)
    assert game.curves["discriminator/output_real"] != game.curves["discriminator/output_fake"]


# Precision


def test_half_precision_steps_on_from_the_new_weights(play):
    """Autocast keeps half-precision copies of weights; they must not outlive a step."""
    game = Game(SHAPE, network=TINY, n_critic=2, optimizer=Optimizers(sgd(1.0), sgd(1.0)))
    scores = []
    game.discriminator.register_forward_hook(lambda *args: scores.append(args[2].score.detach()))
    images = torch.rand(4, *SHAPE).repeat(2, 1, 1, 1)
    play(game, 1, [(images, torch.zeros(8, dtype=torch.long))], precision="bf16-mixed")
    assert scores[0].dtype == torch.float32
    assert (scores[0] != scores[2]).all()  # the same real images before and after D's first step


@pytest.mark.parametrize("objective", [NonSaturating(), Wasserstein()])
def test_half_precision_trains_all_weights_in_single_precision(objective, play):
    losses = {"objective": objective, "gradient_penalty": GradientPenalty()}
    game = Game(SHAPE, network=SMALL, loss=losses, ema=0.9)
    play(game, steps=2, precision="bf16-mixed")
    assert all(value.dtype != torch.bfloat16 for value in game.state_dict().values())
    assert all(value.isfinite() for value in game.curves.values())
    assert game.sample(2).dtype == torch.float32


# The moving average


class Trace(Callback):
    """The generator's weights after every generator step."""

    def on_train_start(self, *_: Any) -> None:
        self.weights: list[dict[str, Tensor]] = []

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        self.weights.append(weights(pl_module.generator))


def test_the_average_equals_its_closed_form(play):
    decay, steps = 0.8, 5
    game = Game(SHAPE, network=SMALL, ema=decay, n_critic=2, optimizer=Optimizers(sgd(), sgd()))
    trace = Trace()
    play(game, steps=steps, callbacks=[trace])
    shares = [decay ** (steps - 1), *((1 - decay) * decay ** (steps - k) for k in range(2, 6))]
    assert sum(shares) == pytest.approx(1)
    averaged = weights(game.ema.module)
    for name, parameter in game.generator.named_parameters():
        values = [at[name] for at in trace.weights]
        expected = sum(share * value for share, value in zip(shares, values, strict=True))
        torch.testing.assert_close(averaged[name], expected, msg=name)
        assert not torch.equal(averaged[name], parameter)
    for name, statistic in game.generator.named_buffers():  # batch norm's are the latest
        assert torch.equal(averaged[name], statistic)
    assert not any(weight.requires_grad for weight in game.ema.parameters())


def test_samples_and_validation_come_from_the_average(play):
    game = Game(SHAPE, network=SMALL, ema=0.5)
    play(game, steps=3)
    given = recording(game.ema.module)
    images = game.sample(3)
    fakes = game.eval().validation_step(noise_for(game, 4, 0), 0)["fake"]
    with torch.no_grad():
        for inputs, shown in zip([*given], (images, fakes), strict=True):
            assert torch.equal(game.ema.module(*inputs), shown)
            assert not torch.equal(game.generator(*inputs), shown)


def test_without_an_average_the_generator_itself_is_sampled():
    game = Game(SHAPE, network=TINY, ema=None)
    given = recording(game.generator)
    images = game.sample(3)
    assert torch.equal(game.generator(*given[0]), images)
    assert not any(name.startswith("ema") for name in game.state_dict())


# Sampling


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("ema", [None, 0.9])
def test_sampling_is_reproducible_and_leaves_no_trace(training, ema):
    game = Game(SHAPE, network=SMALL, ema=ema).train(training)
    before, state = weights(game), torch.random.get_rng_state()
    images = game.sample(5, seed=1)
    assert torch.equal(images, game.sample(5, seed=1))
    assert not torch.equal(images, game.sample(5, seed=2))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert all(module.training is training for module in game.modules())
    assert same(before, weights(game))  # batch norm saw none of it
    assert not images.requires_grad


def test_samples_are_conditioned_on_given_labels():
    network = BranchedMLP(generator_hidden=[16], discriminator_hidden=[16])
    game = model.CGAN(SHAPE, network=network, ema=None)
    told = recording(game.generator)
    game.sample(torch.tensor([7, 7, 2]))
    game.sample(12)
    assert told[0][1].argmax(1).tolist() == [7, 7, 2]
    assert told[1][1].argmax(1).tolist() == [*range(10), 0, 1]


def test_large_samples_are_made_in_parts_and_put_together_in_order():
    game = Game(SHAPE, network=TINY, ema=None)
    given = recording(game.generator)
    images = game.sample(600)
    assert images.shape == (600, *SHAPE)
    latents = torch.cat([latent for latent, _ in given])
    assert len(latents.unique(dim=0)) == 600
    assert torch.equal(game.sample(300), images[:300])
    with torch.no_grad():
        torch.testing.assert_close(game.generator(latents, torch.zeros(600, 0)), images)


def test_a_showcase_varies_the_condition_along_a_row_and_not_the_noise():
    game = Game(SHAPE, network=TINY, ema=None, condition=ClassLabel(4), head=Projection)
    given = recording(game.generator)
    assert game.showcase(rows=3, columns=4).shape == (12, *SHAPE)
    latent, condition = (each.view(3, 4, -1) for each in given[0])
    assert torch.equal(latent, latent[:, :1].expand_as(latent))
    assert len(latent[:, 0].unique(dim=0)) == 3
    assert condition.argmax(2).tolist() == [[0, 1, 2, 3]] * 3


def test_without_a_condition_every_cell_of_a_showcase_has_its_own_noise():
    game = Game(SHAPE, network=TINY, ema=None)
    given = recording(game.generator)
    assert torch.equal(game.showcase(3, 4, seed=5), game.showcase(3, 4, seed=5))
    assert len(given[0][0].unique(dim=0)) == 12


def test_validation_makes_as_many_fakes_under_the_same_labels(play):
    game = Game(SHAPE, network=TINY, ema=None, condition=ClassLabel(10), head=Projection)
    told = recording(game.generator)
    images, labels = noise_for(game, 7, 0)
    first, again = (game.validation_step((images, labels), 3) for _ in range(2))
    other = game.validation_step((images, labels), 4)
    assert first.keys() == {"real", "fake", "condition"}
    assert torch.equal(first["real"], images)
    assert first["condition"].argmax(1).tolist() == labels.tolist()
    assert torch.equal(told[0][1], first["condition"])
    assert first["fake"].shape == images.shape
    assert torch.equal(first["fake"], again["fake"])  # the same noise at every validation
    assert not torch.equal(first["fake"], other["fake"])


# Seeds


def trained(play: Any, **choices: Any) -> dict[str, Tensor]:
    game = Game(SHAPE, ema=0.9, **choices)
    play(game, steps=4)
    return weights(game)


@pytest.mark.parametrize("network", [DROPOUT, SMALL], ids=["dropout", "batch norm"])
def test_the_same_seed_gives_the_same_weights_bit_for_bit(network, play):
    first = trained(play, network=network, seed=3)
    torch.manual_seed(99)
    again = trained(play, network=network, seed=3)
    other = trained(play, network=network, seed=4)
    assert same(first, again)
    assert not same(first, other)


def test_first_weights_depend_on_the_seed_and_leave_the_global_state():
    state = torch.random.get_rng_state()
    first, again, other = (Game(SHAPE, network=TINY, seed=seed) for seed in (1, 1, 2))
    assert same(weights(first), weights(again))
    assert not same(weights(first), weights(other))
    assert torch.equal(torch.random.get_rng_state(), state)


def test_the_seed_reaches_dropout(play):
    dropped = []
    for seed in (1, 1, 2):
        game = Game(SHAPE, network=DROPOUT, seed=seed)
        drop = next(each for each in game.discriminator.trunk if isinstance(each, nn.Dropout))
        drop.register_forward_hook(lambda *args: dropped.append(args[2] == 0))
        torch.rand(seed)
        play(game, steps=2)
    first, again, other = torch.stack(dropped).unflatten(0, (3, -1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert len(first.flatten(1).unique(dim=0)) == 6  # two turns of D and one of G, twice


@pytest.mark.parametrize("network", [DROPOUT, SMALL], ids=["dropout", "batch norm"])
def test_validation_changes_no_weight(network, tmp_path):
    class Busy(Callback):
        def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
            torch.rand(3)

    results = []
    for every in (None, 1, 3):
        game = Game(SHAPE, network=network, ema=0.9)
        trainer = quiet_trainer(
            max_steps=4,
            limit_train_batches=4,
            max_epochs=1,
            limit_val_batches=1 if every else 0,
            val_check_interval=every or 1,
            check_val_every_n_epoch=None,
            callbacks=[
                Scores({"fid": FID(DigitsExtractor())}, cache_dir=str(tmp_path)),
                SampleGrid(tmp_path, rows=2, columns=2),
                Busy(),
            ],
        )
        trainer.fit(game, DigitData(batch_size=8, val_size=20))
        assert ("val/fid" in trainer.callback_metrics) == bool(every)
        results.append(weights(game))
    assert same(results[0], results[1])
    assert same(results[0], results[2])


def test_a_resumed_run_goes_on_bit_for_bit(tmp_path):
    def run(steps: int, ckpt: str | None = None) -> Trainer:
        optimizer = Optimizers(sgd(), adam(), partial(MomentumSchedule, ramp_steps=10))
        game = Game(SHAPE, network=DROPOUT, ema=0.9, n_critic=2, optimizer=optimizer)
        trainer = quiet_trainer(
            max_steps=steps, max_epochs=-1, max_time="00:00:01:00", limit_val_batches=0
        )
        trainer.fit(game, DigitData(batch_size=8), ckpt_path=ckpt)
        return trainer

    run(3).save_checkpoint(path := tmp_path / "stopped.ckpt")
    whole, resumed = run(6), run(6, str(path))
    assert resumed.global_step == 6
    assert same(weights(whole.lightning_module), weights(resumed.lightning_module))


# Schedules


def test_the_first_gans_schedule_equals_its_closed_form():
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1, momentum=0.9)
    ramp = {"momentum": 0.5, "final_momentum": 0.7, "ramp_steps": 8}
    schedule = MomentumSchedule(optimizer, decay=1.5, min_lr=1e-3, **ramp)
    seen = {}
    for step in range(21):
        seen[step] = (optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["momentum"])
        optimizer.step()
        schedule.step()
    for step in (0, 1, 2, 7, 8, 9, 11, 12, 20):
        lr, momentum = max(0.1 / 1.5**step, 1e-3), 0.5 + 0.2 * min(step / 8, 1)
        assert seen[step] == (pytest.approx(lr), pytest.approx(momentum))
    assert seen[11][0] > 1e-3 == seen[12][0]


def test_the_first_gans_schedule_has_the_papers_numbers():
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1, momentum=0.5)
    schedule = MomentumSchedule(optimizer)
    numbers = (schedule.decay, schedule.min_lr, schedule.momentum, schedule.final_momentum)
    assert numbers == (1.000004, 1e-6, 0.5, 0.7)
    assert schedule.ramp_steps == 250 * 500


def test_schedules_move_once_per_generator_step(play):
    halved = partial(torch.optim.lr_scheduler.StepLR, step_size=1, gamma=0.5)
    game = Game(SHAPE, network=TINY, n_critic=3, optimizer=Optimizers(sgd(0.8), sgd(1.6), halved))
    play(game, steps=3)
    first, second = game.lr_schedulers()
    assert first.last_epoch == second.last_epoch == 3
    rates = [optimizer.param_groups[0]["lr"] for optimizer in game.optimizers()]
    assert rates == [pytest.approx(0.1), pytest.approx(0.2)]


# Numbers that make no game


@pytest.mark.parametrize(
    ("choices", "remedy"),
    [
        ({"n_critic": 0}, "n_critic=1"),
        ({"n_critc": 5}, "there is no choice n_critc: did you mean n_critic"),
        ({"networks": TINY}, "did you mean network?"),
        ({"n_classes": 10}, "there is no choice n_classes"),
        ({"ema": 0.0}, "ema=0.999"),
        ({"ema": 1.0}, "ema=null"),
        ({"ema": -0.5}, "ema=0.999"),
        ({"loss": {}}, "loss=[non_saturating]"),
        ({"loss": {"gradient_penalty": GradientPenalty()}}, "loss=[wasserstein,gradient_penalty]"),
        ({"loss": {"hinge": Hinge(), "lsgan": LeastSquares()}}, "loss=[non_saturating]"),
    ],
)
def test_numbers_and_losses_that_make_no_game_are_refused_with_a_remedy(choices, remedy):
    with pytest.raises(UserError, match=re.escape(remedy)):
        Game(SHAPE, network=TINY, latent=Gaussian(4), **choices)
