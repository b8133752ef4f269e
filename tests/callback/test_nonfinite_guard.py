"""Numbers that are not finite: the run stops, or skips a player's step, or goes back and on."""

import copy
import csv
import json
import math
import re
import signal
import weakref

import pytest
import pytorch_lightning as pl

from ganzoo.callback import NonFiniteGuard
from ganzoo.error import NotFinite
from ganzoo.game import Game
from ganzoo.loss import Loss, NonSaturating
from ganzoo.training import build
from tests.helpers.commands import EVERY, QUICK, STEPS, exactly, run, run_killed, same
from tests.helpers.games import noise_for


class Spoiled(Loss):
    """Adds a term that is infinite, or whose gradient is, at given steps of one player."""

    def __init__(self, player, steps, value=0.0):
        super().__init__()
        self.player, self.steps, self.value = player, set(steps), value
        self.turns = dict.fromkeys(("generator", "discriminator"), -1)

    def spoil(self, player, score):
        self.turns[player] += 1
        if player != self.player or self.turns[player] not in self.steps:
            return score.sum() * 0
        return (score - score.detach()).abs().sqrt().sum() + self.value  # 0, of infinite slope

    def for_discriminator(self, turn):
        return self.spoil("discriminator", turn.fake.score)

    def for_generator(self, turn):
        return self.spoil("generator", turn.fake.score)


def game(player="generator", steps=(), value=0.0, **choices):
    """A small DCGAN, with the batch norm's running statistics and the moments of Adam."""
    losses = {"non_saturating": NonSaturating(), "spoiled": Spoiled(player, steps, value)}
    return Game((1, 8, 8), loss=losses, **choices)


def state(game, player):
    """All of a player that a step moves."""
    module = game.get_submodule(player)
    optimizer = game.trainer.optimizers[("generator", "discriminator").index(player)]
    average = game.ema.state_dict() if player == "generator" and game.ema else {}
    moments = [optimizer.state[each] for each in module.parameters()]
    return copy.deepcopy([module.state_dict(), moments, average])


class Watch(NonFiniteGuard):
    """Remembers each player after each step."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.seen = []

    def on_train_batch_end(self, trainer, game, *rest):
        super().on_train_batch_end(trainer, game, *rest)
        self.seen.append({name: exactly(state(game, name)) for name in self.skipped})


@pytest.mark.parametrize("player", ["generator", "discriminator"])
@pytest.mark.parametrize("value", [0.0, math.inf, math.nan])
def test_a_run_stops_before_the_step_and_names_step_player_and_term(player, value, play):
    made = game(player, [2], value)
    with pytest.raises(NotFinite) as stop:
        play(made, steps=4, callbacks=[NonFiniteGuard("run")])
    term = "gradient norm is nan" if not value else f"spoiled is {value}"
    assert f"the {player}'s {term} at generator step 3 (" in str(stop.value)
    assert all(each.isfinite().all() for each in made.state_dict().values())


def test_a_skipped_generator_is_as_it_was_and_its_opponent_steps(play):
    watch = Watch("run", "skip")
    play(game("generator", [2], ema=0.9), steps=4, callbacks=[watch])
    before, at, after = (each["generator"] for each in watch.seen[1:4])
    assert at == before
    assert all(one != other for one, other in zip(after, at, strict=True))
    assert watch.seen[2]["discriminator"] != watch.seen[1]["discriminator"]
    assert watch.skipped == {"generator": 1, "discriminator": 0}


def test_a_skipped_critic_step_is_as_if_it_had_not_been_taken(play):
    """Two critic steps a turn, of which the second is skipped at the last generator step."""
    watch = Watch("run", "skip")
    made = game("discriminator", [3], n_critic=2)
    play(made, steps=2, callbacks=[watch])
    taken = [
        {float(each["step"]) for each in optimizer.state.values()}  # as Adam counts
        for optimizer in made.trainer.optimizers
    ]
    assert taken == [{2.0}, {3.0}]


def test_a_picture_that_is_not_finite_spoils_nothing(play):
    """Not even the running statistics, which the discriminator's forward pass has moved."""
    made = game()
    batches = [noise_for(made, 4, step) for step in range(3)]
    batches[1][0][0, 0, 0, 0] = math.nan
    watch = NonFiniteGuard("run", "skip")
    play(made, steps=3, batches=batches, callbacks=[watch])
    assert watch.skipped == {"generator": 0, "discriminator": 1}
    assert all(each.isfinite().all() for each in made.state_dict().values())


def test_skipping_successive_steps_stops_the_run(play):
    with pytest.raises(NotFinite, match=r"at generator step 5, as in the 2 steps before"):
        play(
            game("generator", [0, 2, 3, 4]),
            8,
            callbacks=[NonFiniteGuard("run", "skip", patience=3)],
        )
    scattered = NonFiniteGuard("run", "skip", patience=3)
    play(game("generator", [0, 1, 3, 4, 6, 7]), steps=8, callbacks=[scattered])
    assert scattered.skipped["generator"] == 6


def test_where_nothing_is_wrong_watching_changes_nothing(play):
    plain, watched = game(n_critic=2), game(n_critic=2)
    play(plain, steps=3)
    play(watched, steps=3, callbacks=[NonFiniteGuard("run", "skip")])
    assert exactly(plain.state_dict()) == exactly(watched.state_dict())


def once(step):
    """Makes the discriminator's loss infinite at a step, whenever the first noise is drawn."""
    original = Game.training_step

    def training_step(self, batch, number):
        spoiled = self.global_step == step and self.training_seed == self.seed
        images = batch[0] * math.inf if spoiled else batch[0]
        original(self, (images, batch[1]), number)

    return training_step


REWINDING = ["train", *QUICK, "network.width=4", "on_nonfinite=rewind"]


@pytest.mark.slow
def test_a_rewound_run_goes_on_from_its_checkpoint_with_other_draws(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(Game, "training_step", once(EVERY + 1))
    assert run(*REWINDING, f"hydra.run.dir={tmp_path}/whole") == 0
    said = " ".join(capsys.readouterr().err.split())
    assert f"rewound to generator step {EVERY}, because the discriminator's" in said
    metrics = json.loads((tmp_path / "whole/metrics.json").read_text())
    assert metrics["steps"] == STEPS
    assert metrics["images"] == STEPS * 8
    [change] = json.loads((tmp_path / "whole/changes.json").read_text())
    assert change["step"] == EVERY
    rows = (tmp_path / "whole/csv/metrics.csv").read_text().splitlines()[1:]
    assert "nan" not in str(rows)
    # Killed after it was rewound, it ends in the same bits.
    words = [*REWINDING, f"hydra.run.dir={tmp_path}/cut"]
    assert run_killed(signal.SIGKILL, 8, words) == -signal.SIGKILL
    assert run("train", f"resume={tmp_path}/cut") == 0
    same(tmp_path / "whole", tmp_path / "cut")


def test_a_rewind_frees_the_trainer_and_the_game_before_it_builds_others(tmp_path, monkeypatch):
    monkeypatch.setattr(Game, "training_step", once(EVERY + 1))
    earlier = []
    build_game, fit = build.build_game, pl.Trainer.fit

    def build_others(*args, **options):
        alive.append([reference for reference in earlier if reference() is not None])
        return build_game(*args, **options)

    def fit_and_remember(self, game, *args, **options):
        earlier.extend(map(weakref.ref, (self, game)))
        return fit(self, game, *args, **options)

    alive = []
    monkeypatch.setattr(build, "build_game", build_others)
    monkeypatch.setattr(pl.Trainer, "fit", fit_and_remember)
    assert run(*REWINDING, f"hydra.run.dir={tmp_path}/run") == 0
    assert (alive, len(earlier)) == ([[], []], 4)


def test_trouble_that_comes_again_ends_the_run(tmp_path, monkeypatch, capsys):
    original = Game.training_step

    def training_step(self, batch, number):
        factor = math.nan if self.global_step == EVERY + 1 else 1.0
        original(self, (batch[0] * factor, batch[1]), number)

    monkeypatch.setattr(Game, "training_step", training_step)
    assert run(*REWINDING, f"hydra.run.dir={tmp_path}/run") == 1
    said = capsys.readouterr().err
    assert said.count("rewound to") == 1
    assert re.search(rf"error: the discriminator's \w+ is nan at generator step {EVERY + 2}", said)


def test_before_the_first_checkpoint_there_is_nothing_to_go_back_to(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(Game, "training_step", once(1))
    assert run(*REWINDING, f"hydra.run.dir={tmp_path}/run") == 1
    assert "at generator step 2" in capsys.readouterr().err


def test_skipped_steps_are_counted_in_the_log_and_survive_a_kill(tmp_path, monkeypatch):
    monkeypatch.setattr(Game, "training_step", once(4))
    words = ["train", *QUICK, "network.width=4", "on_nonfinite=skip"]
    assert run(*words, f"hydra.run.dir={tmp_path}/whole") == 0
    header, *rows = csv.reader((tmp_path / "whole/csv/metrics.csv").read_text().splitlines())
    counts = [row[header.index("skipped/discriminator")] for row in rows]
    assert [float(each) for each in counts if each] == [0.0] * 4 + [1.0] * 6
    killed = [*words, f"hydra.run.dir={tmp_path}/cut"]
    assert run_killed(signal.SIGKILL, 8, killed) == -signal.SIGKILL
    assert run("train", f"resume={tmp_path}/cut") == 0
    same(tmp_path / "whole", tmp_path / "cut")
