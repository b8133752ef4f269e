"""Processes are counted from the settings as Lightning counts them."""

import pytest
import pytorch_lightning as pl

from ganzoo.error import UserError
from ganzoo.settings.compose import build_part
from ganzoo.settings.machine import num_processes, starts_processes
from ganzoo.training.budget import settle
from ganzoo.training.trainer import strategy_of


@pytest.mark.parametrize(
    "overrides",
    [
        [],
        ["trainer.accelerator=auto", "trainer.devices=auto"],
        ["trainer=ddp_cpu"],
        ["trainer=ddp_cpu", "trainer.devices=3"],
        ["trainer=ddp_cpu", "trainer.num_nodes=2"],
    ],
    ids=" ".join,
)
def test_processes_are_those_of_the_trainer(overrides, compose):
    cfg = compose(*overrides)
    trainer = build_part(cfg.trainer, logger=False)
    assert num_processes(cfg) == trainer.world_size


@pytest.mark.parametrize(("devices", "expected"), [("auto", 4), (2, 2), ("[1,3]", 2), (-1, 4)])
def test_gpus_are_counted(devices, expected, compose, monkeypatch):
    for package in ("lightning_fabric", "pytorch_lightning"):
        monkeypatch.setattr(f"{package}.accelerators.cuda.num_cuda_devices", lambda: 4)
    assert num_processes(compose("trainer=gpu", f"trainer.devices={devices}")) == expected


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ([], "auto"),
        (["trainer.devices=2"], "ddp_find_unused_parameters_true"),
        (["trainer.devices=2", "trainer.strategy=ddp"], "ddp_find_unused_parameters_true"),
        (["trainer.num_nodes=2"], "ddp_find_unused_parameters_true"),
        (["trainer.strategy=ddp"], "ddp"),
        (["trainer.devices=2", "trainer.strategy=fsdp"], "fsdp"),
    ],
)
def test_several_devices_have_the_strategy_of_two_players(overrides, expected, compose):
    assert strategy_of(compose(*overrides)) == expected


def test_a_cluster_starts_the_processes_itself(compose, monkeypatch):
    cfg = compose("trainer=ddp_cpu")
    assert starts_processes(cfg)
    assert not starts_processes(compose())
    for name, value in {"SLURM_NTASKS": "2", "SLURM_JOB_NAME": "train"}.items():
        monkeypatch.setenv(name, value)
    assert not starts_processes(cfg)


def test_devices_without_meaning_are_refused(compose):
    with pytest.raises(UserError, match="accelerator=abacus"):
        num_processes(compose("trainer.accelerator=abacus"))


def test_the_budget_is_settled_in_a_new_configuration_and_without_a_trainer(compose, monkeypatch):
    def fail(*args, **options):
        raise AssertionError("a Trainer was built")

    monkeypatch.setattr(pl.Trainer, "__init__", fail)
    cfg = compose("trainer=ddp_cpu", "n_critic=5", "max_images=1001", "data.batch_size=10")
    before = cfg.copy()
    settled = settle(cfg)
    assert settled.max_steps == 11  # 100 images a step
    assert cfg == before
