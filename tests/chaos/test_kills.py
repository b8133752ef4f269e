"""Runs that are killed again and again, at any moment, and end in the bits of one that was not.

Three times each, by SIGKILL and by the signals that a run answers with a checkpoint;
`GANZOO_CHAOS=20 pytest -m slow -s tests/chaos` ends them up to 20 times and prints the table.
"""

import csv
import os
import random
import signal
from functools import partial
from pathlib import Path

import pytest

from ganzoo.error import EXIT_INTERRUPTED
from ganzoo.processes import STOP
from ganzoo.settings.compose import CONF
from tests.helpers.commands import (
    EVERY,
    KILLS,
    QUICK,
    STEPS,
    contents,
    reached,
    run,
    run_killed,
    run_with,
    same,
    small_words,
)

MODELS = sorted(path.stem for path in (CONF / "model").glob("*.yaml"))


def unfinished(folder):
    """Files of which something was left over by a kill."""
    return [path for path in contents(folder) if path.name.startswith(".")]


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_a_run_that_is_killed_at_any_moment_ends_in_the_same_bits(model, tmp_path):
    chance = random.Random(f"{model} {KILLS}")
    words = ["train", f"model={model}", *QUICK, *small_words(model)]
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert run(*words, f"hydra.run.dir={whole}") == 0
    words += [f"hydra.run.dir={cut}", "resume=auto"]
    ends = []
    while len(ends) < KILLS and reached(cut) < STEPS:  # after the last step none is left to end
        most = STEPS - (KILLS - len(ends)) + 1  # so that there are steps for those to come
        step = chance.randint(reached(cut) + 1, max(reached(cut) + 1, most))
        number = chance.choice([signal.SIGKILL, chance.choice(STOP)]) if ends else signal.SIGKILL
        # Within the step, or in the validation and the files that follow it.
        seconds = chance.uniform(0.0, 0.1) if step % EVERY == 0 else 0.0
        code = run_killed(number, step, words, seconds)
        assert code in (0, -signal.SIGKILL, EXIT_INTERRUPTED)
        ends += [number] if code else []
    assert run(*words) == 0
    same(whole, cut)
    assert not unfinished(cut)
    print(f"| {model} | {', '.join(signal.Signals(each).name for each in ends)} | equal |")


def killing_while_a_checkpoint_is_written(which, part):
    """Let the process die at its n-th checkpoint, before or after it has taken its place.

    Args:
        which: n.
        part: How much of it is in the temporary file by then; 1 lets it take its place first.
    """
    written, replace = iter(range(1, 1000)), Path.replace

    def dying(self, target):
        last = self.suffix == ".part" and ".ckpt" in self.name and next(written) == which
        if last and part < 1:
            os.truncate(self, int(part * self.stat().st_size))
        elif last:
            replace(self, target)
        if last:
            os.kill(os.getpid(), signal.SIGKILL)
        return replace(self, target)

    Path.replace = dying


def killing_while_the_log_gains_a_column():
    """Let the process die within the rewriting that a later validation's new scores call for."""

    def dying(self, rows):
        if len(rows) > EVERY:
            os.kill(os.getpid(), signal.SIGKILL)
        return write(self, rows)

    write, csv.DictWriter.writerows = csv.DictWriter.writerows, dying


@pytest.mark.slow
def test_a_kill_while_the_log_is_written_loses_none_of_its_lines(tmp_path):
    words = ["train", *QUICK, *small_words("dcgan")]
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert run(*words, f"hydra.run.dir={whole}") == 0
    words += [f"hydra.run.dir={cut}", "resume=auto"]
    assert run_with(killing_while_the_log_gains_a_column, words) == -signal.SIGKILL
    assert reached(cut) == EVERY
    assert run(*words) == 0
    same(whole, cut)
    assert not unfinished(cut)


@pytest.mark.slow
def test_a_kill_while_a_checkpoint_is_written_leaves_the_one_before(tmp_path):
    """At most two are written after each validation, the best and the last."""
    chance, kills = random.Random(0), max(3, KILLS)
    words = ["train", *QUICK, *small_words("dcgan"), f"max_steps={EVERY * (2 * kills + 2)}"]
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert run(*words, f"hydra.run.dir={whole}") == 0
    words += [f"hydra.run.dir={cut}", "resume=auto"]
    for _ in range(kills):
        before, part = reached(cut), chance.choice([0.0, chance.random(), 1.0])
        die = partial(killing_while_a_checkpoint_is_written, chance.randint(1, 2), part)
        assert run_with(die, words) == -signal.SIGKILL
        assert reached(cut) >= before
    assert run(*words) == 0
    same(whole, cut)
    assert not unfinished(cut)
    print(f"| while a checkpoint was written | {kills} | equal |")
