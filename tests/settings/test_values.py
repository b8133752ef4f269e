"""What users type for a value, 200 times wrong: each time a sentence that names the option."""

import time
from functools import cache

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import OmegaConf

from ganzoo.error import UserError
from ganzoo.settings.check import check_config
from ganzoo.settings.compose import compose_config
from ganzoo.settings.explain import explain_error

ALL = ("callback=[scores,sample_grid,checkpoint,progress,doctor,prune]", "metric=[kid_digits]")
COUNTS = ("0", "-1", "1.5", "nan", "inf", "many", "true", "[1]")
BAD = {  # by option, the values that no run could use
    "max_steps": (*COUNTS, "1e30", "99999999999999999999999"),
    "max_images": (*COUNTS, "99999999999999999999999"),
    "val_every": COUNTS,
    "n_critic": (*COUNTS[2:], "100000"),
    "accumulate": (*COUNTS[2:], "100000"),
    "seed": ("-1", "4294967296", "0.5", "nan", "zero", "[1]", "null", "true"),
    "max_time": ("5m", "10", "00:00", "1:2:3:4", "[1]"),
    "on_nonfinite": ("hope", "null", "1", "[stop]"),
    "resume": ("7", "true", "[a]", "' '", "{a: 1}"),
    "run_dir": ("7", "null", "true", "[a]", "''"),
    "trust": ("7", "true"),
    "debug": ("maybe", "1", "null"),
    "allow_changes": ("yes please", "2", "[true]"),
    "ema": ("big", "[0.9]", "true", "nan"),
    "data.batch_size": (*COUNTS, "10000000"),
    "data.val_size": COUNTS[2:],
    "data.train_size": ("1.5", "many", "true", "[1]"),
    "data.split_seed": ("-1", "abc", "0.5", "null"),
    "data.image_size": ("100000", "big", "[64]", "1.5", "true"),
    "data.order_seed": ("abc", "-1", "[1]"),
    "latent.dim": (*COUNTS, "1000000000"),
    "network.width": ("wide", "[4]", "true", "100000"),
    "network.hidden": ("deep", "[4]", "true", "0.5"),
    "network.batch_norm": ("maybe", "1", "null"),
    "network.output_std": ("wide", "[1]", "nan"),
    "optimizer.generator.lr": ("fast", "nan", "inf", "[1]", "null", "true"),
    "optimizer.discriminator.lr": ("fast", "nan", "-inf", "null"),
    "optimizer.generator.betas": ("0.5", "[0.5]", "[]", "[0.5,0.9,0.9]", "[a,b]", "null"),
    "optimizer.generator.fused": ("maybe", "1"),
    "optimizer.unrolled_steps": ("1.5", "deep", "true", "100000"),
    "callback.sample_grid.rows": ("many", "[8]", "true", "100000", "1.5"),
    "callback.sample_grid.columns": ("100000", "true"),
    "callback.sample_grid.seed": ("-1", "abc"),
    "callback.doctor.patience": ("-1", "0", "long", "1.5"),
    "callback.doctor.warmup": ("-1", "long"),
    "callback.doctor.certainty": ("sure", "[1]", "nan"),
    "callback.prune.patience": ("-1", "0", "long"),
    "callback.prune.warmup": ("-1", "true"),
    "callback.scores.required": ("maybe", "1"),
    "callback.scores.cache_dir": ("7", "[a]"),
    "callback.every_checkpoint.every": ("1.5", "soon", "[1]", "true"),
    "callback.every_checkpoint.keep": ("many", "1.5", "null"),
    "metric.kid_digits.subsets": ("many", "1.5", "null", "[1]"),
    "metric.kid_digits.subset_size": ("many", "nan", "true"),
    "trainer.log_every_n_steps": ("-1", "often", "0.5"),
    "trainer.num_sanity_val_steps": ("-2", "few"),
    "trainer.num_nodes": ("0", "-1", "two", "1.5"),
    "trainer.use_distributed_sampler": ("maybe", "1"),
    "trainer.limit_train_batches": ("0", "0.5", "-1", "half"),
    "trainer.devices": ("0", "-2"),
    "trainer.precision": ("16-true", "64"),
    **{
        f"trainer.{name}": ("1",)
        for name in (
            *("logger", "callbacks", "plugins", "enable_checkpointing", "fast_dev_run"),
            *("overfit_batches", "check_val_every_n_epoch", "min_epochs", "min_steps"),
            *("max_steps", "max_epochs", "max_time", "gradient_clip_val", "val_check_interval"),
            *("accumulate_grad_batches", "reload_dataloaders_every_n_epochs"),
        )
    },
    "facts.image_shape": ("[1,28,28]",),
    "facts.n_classes": ("10", "0"),
    "facts.monitor": ("val/fid",),
    "nope": ("1",),
}
FOLDER = {
    "data.root": ("7", "true", "[a]", "null"),
    "data.features": ("7", "[a]", "true"),
    "data.num_workers": ("two", "1.5", "[2]", "null"),
    "data.cache_mb": ("big", "[1]", "null"),
    "data.background": ("7", "[255,255,255]", "null"),
}
CASES = [(("data=mnist5k",), key, value) for key, values in BAD.items() for value in values]
CASES += [
    (("data=image_folder",), key, value) for key, values in FOLDER.items() for value in values
]


@cache
def composed(choices):
    return compose_config([*ALL, *choices, "run_dir=runs/mine"])


def test_there_are_200_of_them():
    assert len(CASES) >= 200


@pytest.mark.parametrize(
    ("choices", "key", "value"), CASES, ids=lambda each: each if isinstance(each, str) else ""
)
def test_a_bad_value_is_answered_by_a_sentence_that_names_its_option(choices, key, value):
    before, cfg = composed(choices), composed(choices).copy()
    OmegaConf.set_struct(cfg, False)
    read = OmegaConf.from_dotlist([f"v={value}"]).v
    OmegaConf.update(cfg, key, read, force_add=True)
    began = time.perf_counter()
    with pytest.raises(UserError) as problem:
        check_config(cfg, before)
    said = str(problem.value)
    assert key in said or key.rpartition(".")[2] in said
    assert "\n" not in said
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize(
    "word",
    [
        *("data.root='7'", "resume=auto", "trust=[mine,other]", "max_steps=null max_images=5"),
        *("seed=4294967295", "trainer.devices=[0]", "trainer.devices=auto", "network.hidden=0"),
        *("optimizer.generator.betas=[0,0.9]", "callback.every_checkpoint.every=5", "run_dir=a=b"),
        *("data.train_size=100", "data.image_size=null", "optimizer.generator.lr=1", "ema=null"),
    ],
)
def test_a_good_value_is_let_pass(word):
    before = composed(("data=image_folder",) if "root" in word else ("data=mnist5k",))
    cfg = before.copy()
    for each in word.split():
        key, _, value = each.partition("=")
        text = value.strip("'") if "'" in value or "=" in value else None
        OmegaConf.update(cfg, key, text or OmegaConf.from_dotlist([f"v={value}"]).v)
    check_config(cfg, before)


@pytest.mark.parametrize(
    ("word", "cure"),
    [
        ("data.root=фото", "data.root='фото'"),
        ("data.root=photos (1)", "data.root='photos (1)'"),
        ("resume=lr=0.1,seed=0", "resume='lr=0.1,seed=0'"),
        ("data.root=it's", "data.root='it"),
        ("latent.dim=[1", "latent.dim='[1'"),
        ("seed={a", "seed='{a'"),
    ],
)
def test_what_the_grammar_does_not_read_is_answered_by_what_to_type(word, cure):
    with pytest.raises(HydraException) as problem:
        OverridesParser.create().parse_overrides([word])
    said = explain_error(problem.value)
    assert said.startswith(f"{word} cannot be read (")
    assert cure in said.replace("'\"'\"'", "'")
    assert "https" not in said
    assert "\n" not in said
    quoted = [cure] if cure.endswith("'") else []
    OverridesParser.create().parse_overrides(quoted)  # and it can be read
