"""What several processes share: numbers, and the signals that stop them."""

import signal

import torch.distributed as dist
from torch import Tensor
from torch.distributed.nn.functional import all_reduce


def mean_over_processes(value: Tensor) -> Tensor:
    """The mean of every process's value; gradients flow back to all of them."""
    return all_reduce(value) / dist.get_world_size() if dist.is_initialized() else value  # type: ignore[no-untyped-call]


def known_signals(*names: str) -> tuple[signal.Signals, ...]:
    """The signals of these names that the system has; Windows has few."""
    return tuple(getattr(signal, name) for name in names if hasattr(signal, name))


STOP = known_signals("SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT")
REQUEUE = known_signals("SIGUSR1", "SIGUSR2")  # of SLURM users and of submitit


def ignore_signals(*_: object) -> None:
    """Leave it to the process that trains what is done about a signal to its whole group."""
    for number in (*STOP, *REQUEUE):
        signal.signal(number, signal.SIG_IGN)
