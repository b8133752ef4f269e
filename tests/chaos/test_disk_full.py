"""A disk that is full ends a run with a sentence, and the run goes on once there is room."""

import random
import resource
from functools import partial

import pytest

from ganzoo.callback import NonFiniteGuard
from tests.helpers.commands import EVERY, KILLS, QUICK, reached, run, run_with, same, small_words


def filling_up(step, size):
    """Let no file grow beyond a size, in bytes, after a step, as `ulimit -f` does."""
    original = NonFiniteGuard.on_train_batch_end

    def then_full(self, trainer, *rest):
        original(self, trainer, *rest)
        if trainer.global_step == step:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    NonFiniteGuard.on_train_batch_end = then_full


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(KILLS))
def test_a_full_disk_is_named_and_nothing_that_was_there_is_lost(seed, tmp_path, capfd):
    chance = random.Random(seed)
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    words = ["train", *QUICK, *small_words("dcgan")]
    assert run(*words, f"hydra.run.dir={whole}") == 0
    capfd.readouterr()
    full = partial(filling_up, EVERY + 1, chance.randint(4_000, 20_000))
    assert run_with(full, [*words, f"hydra.run.dir={cut}"]) == 1
    said = capfd.readouterr().err
    assert "Traceback" not in said
    assert said.splitlines()[-1].startswith("error: cannot write ")
    assert "File too large; make room" in said.splitlines()[-1]
    assert reached(cut) == EVERY
    assert run("train", f"resume={cut}") == 0
    same(whole, cut)
