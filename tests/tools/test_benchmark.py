"""The benchmarks: every run of each can be built, at the budget that the benchmark promises."""

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from ganzoo.settings.compose import CONF, build_part
from ganzoo.training.budget import images_per_step, max_generator_steps, validation_interval
from tests.helpers.conf import read_conf
from tests.helpers.games import shrink

BENCHMARK = CONF / "experiment" / "benchmark"
BENCHMARKS = {
    "mnist5k": {"image_shape": (1, 28, 28)},
    "mnist": {"image_shape": (1, 28, 28)},
    "stacked_mnist": {"image_shape": (3, 28, 28), "n_classes": 1000},
    "ring": {"image_shape": (2,), "n_classes": 8},
    "grid": {"image_shape": (2,), "n_classes": 25},
}
SWEPT = {
    (name, str(override.get_key_element()), value)
    for name in BENCHMARKS
    for override in OverridesParser.create().parse_overrides(
        [
            f"{key}={what}"
            for key, what in read_conf(BENCHMARK / f"{name}.yaml")["hydra"]["sweeper"][
                "params"
            ].items()
        ]
    )
    for value in override.sweep_string_iterator()
}


def test_every_benchmark_is_tried_and_compares_variants_or_losses_that_there_are():
    assert {path.stem for path in BENCHMARK.iterdir()} == set(BENCHMARKS)
    models = {path.stem for path in (CONF / "model").iterdir()}
    for name in ("mnist5k", "mnist", "stacked_mnist"):
        swept = {value for of, key, value in SWEPT if (of, key) == (name, "model")}
        assert len(swept) > 1
        assert swept <= models
    losses = {path.stem for path in (CONF / "loss").iterdir()}
    for name in ("ring", "grid"):
        chosen = [value.strip("[]") for of, key, value in SWEPT if (of, key) == (name, "loss")]
        assert len(chosen) > 1
        assert set(",".join(chosen).split(",")) <= losses


@pytest.mark.parametrize(("name", "key", "value"), sorted(s for s in SWEPT if s[1] != "seed"))
def test_every_run_can_be_built_and_is_scored_as_often(name, key, value, compose):
    cfg = compose(f"experiment=benchmark/{name}", f"{key}={value}", **BENCHMARKS[name])
    assert validation_interval(cfg) * images_per_step(cfg) == cfg.val_every_images
    build_part(shrink(cfg).model, _convert_="all")


EQUAL = sorted(s for s in SWEPT if s[0] != "mnist5k" and s[1] != "seed")


@pytest.mark.parametrize(("name", "key", "value"), EQUAL)
def test_every_run_sees_as_many_images_as_the_others(name, key, value, compose):
    cfg = compose(f"experiment=benchmark/{name}", f"{key}={value}", **BENCHMARKS[name])
    assert max_generator_steps(cfg) * images_per_step(cfg) == cfg.max_images


@pytest.mark.parametrize("model", sorted(s[2] for s in SWEPT if s[:2] == ("mnist5k", "model")))
def test_the_first_benchmark_has_the_budgets_of_who_types_the_name(model, compose):
    shape = BENCHMARKS["mnist5k"]
    typed = compose(f"model={model}", **shape)
    cfg = compose("experiment=benchmark/mnist5k", f"model={model}", **shape)
    assert max_generator_steps(cfg) == max_generator_steps(typed) == typed.max_steps
