"""What a generator step costs and what processes exchange in it: python benchmarks/traffic.py.

Prints a row per variant: parameters of G and D, floating-point operations of a step (two per
multiply-add) for 64 images of 3x32x32 a process, and the bytes that DDP reduces, as its own hook
counts them. Needs no GPU: two processes on the CPU (gloo) play one step each.
"""

import sys
from typing import Any

import hydra
import torch
import torch.distributed as dist
from hydra.utils import instantiate
from pytorch_lightning import Callback, LightningModule, Trainer
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from ganzoo.game import Game
from ganzoo.settings.compose import CONF

ROWS = 4


class Operations(TorchDispatchMode):
    """Counts those of every kernel, second derivatives included."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        out = function(*args, **(kwargs or {}))
        if function._overloadpacket in flop_registry:
            cost = flop_registry[function._overloadpacket]
            self.count += cost(*args, **(kwargs or {}), out_val=out)
        return out


class Traffic(Callback):
    """Counts the bytes of every bucket of gradients, and prints the variant's row."""

    def __init__(self, name: str, operations: int) -> None:
        self.name, self.operations, self.bytes = name, operations, 0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        trainer.strategy.model.register_comm_hook(None, self.reduce)

    def reduce(self, state: None, bucket: dist.GradBucket) -> torch.futures.Future[torch.Tensor]:
        self.bytes += bucket.buffer().nbytes
        work = dist.all_reduce(bucket.buffer().div_(2), async_op=True)
        return work.get_future().then(lambda done: done.value()[0])

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.is_global_zero:
            players = (pl_module.generator, pl_module.discriminator)
            sizes = [sum(each.numel() for each in player.parameters()) for player in players]
            print(
                f"{self.name:13} G {sizes[0] / 1e6:5.2f} M  D {sizes[1] / 1e6:5.2f} M  "
                f"{self.operations / 1e9:7.1f} GFLOP  {self.bytes / 1e6:6.1f} MB"
            )


def game_of(name: str) -> Game:
    with hydra.initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = hydra.compose("train", [f"model={name}", "run_dir=unused"])
    cfg.facts = {"image_shape": [3, 32, 32], "n_classes": 10, "n_features": 0, "monitor": None}
    return instantiate(cfg.model, _convert_="all")


def play(game: Game, **options: Any) -> None:
    rows = ROWS * game.n_critic
    batch = torch.rand(rows, *game.image_shape) * 2 - 1, torch.randint(10, (rows,))
    Trainer(
        max_steps=1,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
        **options,
    ).fit(game, [batch])


if __name__ == "__main__":
    for name in sys.argv[1:] or sorted(path.stem for path in (CONF / "model").glob("*.yaml")):
        with Operations() as operations:
            play(game_of(name))
        row = Traffic(name, operations.count * 64 // ROWS)
        fork = {"devices": 2, "strategy": "ddp_fork_find_unused_parameters_true"}
        play(game_of(name), callbacks=[row], **fork)
