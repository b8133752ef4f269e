"""A command of which two words exclude each other is refused, and no other is."""

import pytest

from ganzoo.error import UserError
from ganzoo.training.conflicts import check_all_heard


@pytest.mark.parametrize(
    ("words", "flags", "said"),
    [
        (["seed=0,1", "hydra.run.dir=a"], ["-m"], "type hydra.sweep.dir=…"),
        (["seed=0,1", "run_dir=a"], ["--multirun"], "type hydra.sweep.dir=…"),
        (["hydra.sweep.dir=a"], [], "add -m, or type hydra.run.dir=…"),
        (["resume=runs/a", "hydra.run.dir=b"], [], "leave hydra.run.dir out"),
        (["resume=runs/a", "run_dir=b"], [], "leave run_dir out"),
        (["sweep.resume=a", "resume=b"], [], "leave resume out"),
        (["allow_changes=true"], [], "add resume=…"),
        (["allow_changes=true", "resume=null"], [], "add resume=…"),
        (["val_every=5", "val_every_images=64"], [], "leave one of them out"),
        ([], ["--experimental-rerun", "a.pickle"], "executes what a file holds"),
        ([], ["--exp", "a.pickle"], "executes what a file holds"),
        ([], ["--package", "model"], "about --cfg job"),
        (["hydra.run.dir="], [], "type hydra.run.dir=runs/mine"),
    ],
)
def test_a_command_is_obeyed_in_all_its_words_or_not_at_all(words, flags, said, monkeypatch):
    with pytest.raises(UserError, match=said):
        check_all_heard(words, flags)
    monkeypatch.setenv("LOCAL_RANK", "1")  # where Lightning has added hydra.run.dir
    check_all_heard(words, flags)


@pytest.mark.parametrize(
    ("words", "flags"),
    [
        (["seed=0,1", "hydra.sweep.dir=a", "resume=auto"], ["-m"]),
        (["hydra.run.dir=a", "resume=auto", "allow_changes=true"], []),
        (["hydra.run.dir=a", "resume=null"], []),
        (["resume=runs/a", "allow_changes=true", "max_steps=5"], []),
        (["sweep.resume=a", "hydra.sweep.dir=a"], []),
        (["experiment=benchmark/ring", "hydra.sweep.dir=a"], []),
        (["val_every=null", "val_every_images=64"], []),
        (["val_every=5", "val_every_images=null"], []),
    ],
)
def test_words_that_go_together_are_let_pass(words, flags):
    check_all_heard(words, flags)
