"""What ``ganzoo list`` says of every choice."""

import subprocess
import sys

import pytest

from ganzoo.inference.find import describe_models, list_models
from ganzoo.settings.catalogue import CONF, list_choices, list_groups


def choice(group, name):
    return next(choice for choice in list_choices(group) if choice.name == name)


@pytest.mark.parametrize("group", list_groups())
def test_every_choice_has_a_line_of_its_own(group):
    choices = list_choices(group)
    names = {str(path.relative_to(CONF / group))[:-5] for path in (CONF / group).glob("*.yaml")}
    assert names <= {choice.name for choice in choices}
    for name, summary, source in choices:
        assert summary.strip(), name
        assert "\n" not in summary, name
        assert source == "" or source.startswith("http"), name


def test_a_variant_is_what_its_class_says():
    assert choice("model", "lsgan") == (
        "lsgan",
        "D regresses on targets, so that samples far on the right side still get a gradient",
        "https://arxiv.org/abs/1611.04076",
    )


def test_a_setting_is_what_differs_from_another():
    assert choice("optimizer", "adam_fast").summary == (
        "adam with generator.lr=0.002, discriminator.lr=0.0006"
    )
    assert choice("latent", "uniform_62").summary == "uniform with dim=62"


def test_an_experiment_is_what_its_first_comment_says():
    assert choice("experiment", "paper/wgan").summary == "WGAN by its paper's algorithm 1"


def test_trained_models_are_listed_with_their_scores():
    models = describe_models()
    assert [model.name for model in models] == list_models()
    assert all("fid_digits" in model.summary for model in models)


def test_the_command_lists_a_group(command):
    code, out, _ = command("list", "loss")
    assert code == 0
    assert "  r1 " in out
    assert "https://arxiv.org/abs/1801.04406" in out
    assert "acgan" not in out


def test_a_misspelt_group_is_answered_with_the_right_one(command):
    code, _, err = command("list", "modle")
    assert code == 1
    assert "model" in err


def test_the_list_imports_no_torch():
    program = "import sys; from ganzoo.cli import main; main(); sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program, "list"], capture_output=True, check=False)
    assert done.returncode == 0
    assert b"pretrained" in done.stdout


def test_the_package_is_a_command():
    words = [sys.executable, "-m", "ganzoo", "list", "model"]
    assert "wgan_gp" in subprocess.run(words, capture_output=True, check=True, text=True).stdout
