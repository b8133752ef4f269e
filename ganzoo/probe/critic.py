import csv
from pathlib import Path
from statistics import fmean
from typing import ClassVar

from scipy.stats import spearmanr

from ganzoo import picture
from ganzoo.data.base import Data
from ganzoo.error import UserError
from ganzoo.game import Game
from ganzoo.model import WGAN
from ganzoo.probe.base import Probe
from ganzoo.runs import RunFolder


class Critic(Probe):
    """Whether the critic's estimate of the distance falls as the samples improve.

    Arjovsky et al. 2017, section 4.2 and figure 3, https://arxiv.org/abs/1701.07875: the rank
    correlation, over validations, of a score with the mean estimate since the previous validation,
    from the csv logger's file. Draws both as ``critic.png``.

    Measures ``critic_spearman``.

    Args:
        score: Name of the score, such as ``val/fid_digits``; the command line uses the monitored
            one.
    """

    reads_log: ClassVar[bool] = True

    def __init__(self, score: str | None = "val/fid_digits") -> None:
        self.score = score

    def check(self, game: Game, data: Data) -> None:
        super().check(game, data)
        if not isinstance(game, WGAN):
            raise UserError("probe=critic needs a critic: choose model=wgan or model=wgan_gp.")
        if self.score is None:
            raise UserError(
                "probe=critic compares its estimate with a score: choose metric=[fid_digits] or "
                "metric=[fid]."
            )

    def measure(self, game: Game, data: Data, run: RunFolder) -> dict[str, float]:
        logs = run.csv_log
        assert self.score is not None
        if logs is None:
            raise UserError(
                f"{run} has no file of the csv logger, which probe=critic reads: train with it, "
                "that is add csv to logger=[…]."
            )
        steps, estimates, scores = read_estimates(logs, self.score)
        if len(steps) < 3:
            raise UserError(
                f"probe=critic ranks {self.score} over validations and found {len(steps)} of them "
                "in the csv logger's file: lower val_every, or set probe.critic.score."
            )
        draw_estimates(steps, estimates, scores, self.score, run.figures / "critic.png")
        return {"critic_spearman": float(spearmanr(estimates, scores).statistic)}


def read_estimates(path: Path, score: str) -> tuple[list[float], list[float], list[float]]:
    """Steps of the validations, mean estimates until each, and its scores."""
    columns: tuple[list[float], list[float], list[float]] = ([], [], [])
    pending: list[float] = []
    for row in csv.DictReader(path.read_text().splitlines()):
        if row.get("discriminator/wasserstein"):
            pending.append(-float(row["discriminator/wasserstein"]))
        if row.get(score) and pending:
            for values, value in zip(
                columns, (float(row["step"]), fmean(pending), float(row[score])), strict=True
            ):
                values.append(value)
            pending = []
    return columns


def draw_estimates(
    steps: list[float], estimates: list[float], scores: list[float], name: str, path: Path
) -> None:
    figure = picture.new_figure(6, 3.5)
    left = figure.add_subplot(xlabel="generator step", ylabel="critic's estimate")
    left.plot(steps, estimates, color="tab:blue")
    right = left.twinx()
    right.set_ylabel(name)
    right.plot(steps, scores, color="tab:orange")
    picture.save_image(picture.figure_to_image(figure), path)
