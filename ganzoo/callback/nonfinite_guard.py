from collections.abc import Iterable
from itertools import chain
from os import PathLike
from typing import Any, Literal

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor
from torch.nn.utils import get_total_norm
from torch.optim import Optimizer

from ganzoo.error import NotFinite
from ganzoo.game import Game
from ganzoo.runs import RunFolder

PLAYERS = ("generator", "discriminator")  # in the order of their optimizers


class NonFiniteGuard(Callback):
    """Checks the losses and the gradient of each player before its step.

    If one is NaN or infinite, ``stop`` ends the run before any checkpoint holds it. ``skip`` leaves
    that player unchanged, with its buffers, its moments and its average, and logs the number of
    skipped steps as ``skipped/<player>``. ``rewind`` ends the run too; a new trainer with
    ``rewound`` then continues from the last checkpoint with other data and other noise.

    With 16-mixed precision torch's scaler checks the gradients: it expects some that are not finite
    and skips those steps.

    Args:
        folder: The run's folder, which the error names.
        on_nonfinite: What to do.
        patience: Successive generator steps with a skipped player after which the run stops.
        rewound: Whether training continues from a checkpoint after a value that was not finite.

    Raises:
        NotFinite: When the run stops, naming the step, the player and the term.
    """

    def __init__(
        self,
        folder: str | PathLike[str],
        on_nonfinite: Literal["stop", "skip", "rewind"] = "stop",
        patience: int = 10,
        rewound: bool = False,
    ) -> None:
        self.run, self.skips, self.patience = RunFolder(folder), on_nonfinite == "skip", patience
        self.rewound, self.rewinds = rewound, 0
        self.skipped = dict.fromkeys(PLAYERS, 0)
        self.streak: list[int] = []  # successive generator steps with a skipped player
        self.buffers: dict[str, Tensor] = {}

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self.rewinds:
            assert isinstance(pl_module, Game)
            pl_module.reseed_training(self.rewinds)
            trainer.datamodule.reshuffle(pl_module.training_seed)  # type: ignore[attr-defined]

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        self.keep_buffers(pl_module, "")

    def on_before_optimizer_step(
        self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer
    ) -> None:
        assert isinstance(pl_module, Game)
        player = PLAYERS[trainer.optimizers.index(optimizer)]
        weights = chain.from_iterable(group["params"] for group in optimizer.param_groups)
        trouble = trouble_of(pl_module, player, weights if trainer.scaler is None else ())
        # Each process sees its own losses, and all must take the same decision.
        if trainer.strategy.reduce_boolean_decision(trouble is None):
            self.keep_buffers(pl_module, player)
            return
        step = trainer.global_step + 1
        self.count(player, step)
        if not self.skips or len(self.streak) >= self.patience:
            raise NotFinite(self.sentence(trouble, step))
        if trainer.scaler is None:
            optimizer.zero_grad()  # without gradients neither weights nor moments change
        changed = "" if player == "generator" else player  # G's turn runs D too
        for name, buffer in buffers_of(pl_module, changed).items():
            buffer.copy_(self.buffers[name])

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if self.skips and getattr(pl_module, "logs_now", False):
            pl_module.log_dict({f"skipped/{name}": float(n) for name, n in self.skipped.items()})

    def keep_buffers(self, game: LightningModule, player: str) -> None:
        """Keep a copy of running statistics, which change before the losses are known."""
        if self.skips:
            now = buffers_of(game, player)
            self.buffers |= {name: buffer.clone() for name, buffer in now.items()}

    def count(self, player: str, step: int) -> None:
        """Count a skipped step of a player in this generator step."""
        self.skipped[player] += 1
        streak = [each for each in self.streak if self.streak[-1] >= step - 1]
        self.streak = streak if step in streak else [*streak, step]

    def sentence(self, trouble: str | None, step: int) -> str:
        if trouble is None:
            return "another process met a loss that is not finite: see its message."
        times = f", as in the {len(self.streak) - 1} steps before" if self.skips else ""
        return (
            f"{trouble} at generator step {step}{times} (checkpoints up to there are in "
            f"{self.run}): lower optimizer.discriminator.lr and optimizer.generator.lr, or add "
            "r1 to loss=[…]."
        )

    def state_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("rewinds", "skipped", "streak")}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        vars(self).update(state_dict)
        self.rewinds += self.rewound


def buffers_of(game: LightningModule, player: str) -> dict[str, Tensor]:
    """The buffers of a player and of the losses, or of the whole game for an empty name."""
    prefixes = (player, "losses.")
    return {name: buffer for name, buffer in game.named_buffers() if name.startswith(prefixes)}


def trouble_of(game: Game, player: str, weights: Iterable[Tensor]) -> str | None:
    """The first value of a player's turn that is not finite, in words; None if all are finite.

    Args:
        game: After the turn's backward pass.
        player: Whose turn it is.
        weights: Weights whose gradient is checked too.
    """
    values = {
        name.removeprefix(f"{player}/"): value.float()
        for name, value in game.curves.items()
        if name.startswith(player)
    }
    norm = get_total_norm([weight.grad for weight in weights if weight.grad is not None])
    values["gradient norm"] = norm.to(game.device)
    finite = torch.stack([*values.values()]).isfinite().tolist()
    bad = [term for term, is_finite in zip(values, finite, strict=True) if not is_finite]
    return f"the {player}'s {bad[0]} is {float(values[bad[0]])}" if bad else None
