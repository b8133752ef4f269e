"""The devices and processes that a trainer's settings ask for, known without building a Trainer."""

from typing import Any

from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from lightning_fabric.plugins.environments.lsf import LSFEnvironment
from lightning_fabric.plugins.environments.mpi import MPIEnvironment
from lightning_fabric.plugins.environments.slurm import SLURMEnvironment
from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from lightning_fabric.utilities.exceptions import MisconfigurationException
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.accelerators import (
    AcceleratorRegistry,
    CPUAccelerator,
    CUDAAccelerator,
    MPSAccelerator,
)

from ganzoo.error import UserError
from ganzoo.settings.types import broken_rules, is_count

CLUSTERS = (TorchElasticEnvironment, SLURMEnvironment, LSFEnvironment, MPIEnvironment)


def num_processes(cfg: DictConfig) -> int:
    """How many processes train together, on all nodes."""
    return int(cfg.trainer.get("num_nodes", 1)) * num_devices(cfg)


def num_devices(cfg: DictConfig) -> int:
    """How many devices of each node are used, each by a process.

    Raises:
        UserError: If trainer.devices or trainer.accelerator has no meaning here.
    """
    settings: Any = OmegaConf.to_container(cfg.trainer, resolve=True)
    devices = settings["devices"]
    try:
        accelerator = choose_accelerator(settings["accelerator"])
        chosen = accelerator.auto_device_count() if devices == "auto" else devices
        return len(accelerator.get_parallel_devices(accelerator.parse_devices(chosen)))
    except (KeyError, TypeError, ValueError, MisconfigurationException) as error:
        raise UserError(
            f"trainer.devices={devices} cannot be used with trainer.accelerator="
            f"{settings['accelerator']} ({error}): type trainer=cpu or trainer=gpu."
        ) from error


def choose_accelerator(name: str) -> Any:
    """The accelerator that Lightning takes for a name."""
    if name not in ("auto", "gpu"):
        return AcceleratorRegistry.get(name)
    available = (kind for kind in (CUDAAccelerator, MPSAccelerator) if kind.is_available())
    return next(available, CPUAccelerator)


def starts_processes(cfg: DictConfig) -> bool:
    """Whether Lightning itself starts the further processes of a run, and no cluster does."""
    in_cluster = any(kind.detect() for kind in CLUSTERS)
    external = in_cluster or LightningEnvironment().creates_processes_externally
    return num_devices(cfg) > 1 and not external


def machine_complaints(cfg: DictConfig) -> list[str]:
    """What this machine cannot do."""
    trainer, devices = cfg.trainer, cfg.trainer.devices
    available = CUDAAccelerator.auto_device_count() + MPSAccelerator.is_available()
    on_cpu = trainer.accelerator == "cpu" or not available
    needed = int(trainer.accelerator in {"gpu", "cuda"})
    needed *= devices if is_count(devices) else 1
    remedy = f"trainer.devices={available}" if available else "trainer=cpu or trainer=ddp_cpu"
    return broken_rules(
        {
            f"trainer.devices counts the devices of a machine, got {devices}: type "
            "trainer.devices=1.": isinstance(devices, int) and devices < 1 and devices != -1,
            f"trainer.devices={devices} asks for GPUs, and this machine has {available}: type "
            f"{remedy}.": needed > available,
            f"trainer.precision={trainer.precision} needs a GPU, which has float16: type "
            "trainer.precision=bf16-mixed or trainer.precision=32-true.": on_cpu
            and str(trainer.precision).startswith("16"),
            "trainer.sync_batchnorm works on GPUs only: type trainer.sync_batchnorm=false.": on_cpu
            and trainer.get("sync_batchnorm"),
        }
    )
