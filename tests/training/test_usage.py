"""The page of ``ganzoo train --help``."""

from ganzoo.settings.catalogue import list_choices
from ganzoo.training.usage import train_usage


def test_the_page_has_every_variant_and_fits_a_screen(command):
    code, out, _ = command("train", "--help")
    assert code == 0
    assert {choice.name for choice in list_choices("model")} <= set(out.split())
    assert "ganzoo train resume=RUN" in out
    assert "powered by Hydra" not in out.lower()
    assert len(out.splitlines()) < 60
    assert max(map(len, out.splitlines())) <= 110


def test_an_option_has_the_default_and_the_words_of_the_configuration():
    page = train_usage("ganzoo train")
    (line,) = [line for line in page.splitlines() if line.split()[:1] == ["max_steps=2000"]]
    assert line.endswith("generator steps")
