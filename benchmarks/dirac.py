"""The Dirac-GAN of Mescheder et al. 2018 under every objective and penalty of conf/loss.

The data are the point 0, the generator is the point theta, the discriminator the line psi x
(section 2, https://arxiv.org/abs/1801.04406). Linear analysis says which games converge.

    python benchmarks/dirac.py            # writes docs/dirac.md and docs/dirac/trajectories.png
"""

import sys
from cmath import sqrt
from pathlib import Path
from typing import Any

import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf
from torch import Tensor

from ganzoo import picture
from ganzoo.draws import Draws
from ganzoo.error import UserError
from ganzoo.loss import Loss, Losses, Objective, Turn, total_loss
from ganzoo.loss.gradient_penalty import SlopePenalty
from ganzoo.network import Critique
from ganzoo.settings.compose import CONF

RATE, STEPS, START, WEIGHT = 0.2, 500, (1.0, 1.0), 0.3  # the authors'
# Slopes at the equilibrium, by hand: of G's loss in the score of its image, downwards, and of D's
# loss in the same score, upwards.
SLOPES = {
    "minimax": (1 / 2, 1 / 2),
    "non_saturating": (1 / 2, 1 / 2),
    "wasserstein": (1, 1),
    "hinge": (1, 1),
    "least_squares": (1, 0),
    "relativistic_pair": (1 / 2, 1 / 2),
    "relativistic_average": (1, 1),
    "relativistic_hinge": (2, 2),
    "relativistic_least_squares": (2, 2),
}
# How much a term pulls theta and psi to 0 at the equilibrium.
DAMPING = {
    "r1": (0, WEIGHT),
    "r2": (0, WEIGHT),
    "r1_r2": (0, 2 * WEIGHT),
    "feature_matching": (2, 0),
    "": (0, 0),
    "lecam": (0, 0),
    "weight_clipping": (0, 0),
}
SCHEMES = {"simultaneous": 0, "alternating": 1, "5 steps of D": 5}
SHOWN = ("non_saturating", "wasserstein", "hinge", "relativistic_pair")


def part(name: str) -> Loss:
    """A loss as its file has it; slope penalties at the paper's weight."""
    loss: Loss = instantiate(OmegaConf.load(CONF / "loss" / f"{name}.yaml")[name], _convert_="all")
    if isinstance(loss, SlopePenalty):
        loss.weight = WEIGHT
    return loss


def supported(name: str) -> bool:
    """Whether a loss says anything about points without conditions and noise."""
    loss = part(name)
    try:
        loss.check_support((1,))
    except UserError:
        return False
    return not loss.needs_guess and name not in {"latent_consistency", "path_length"}


class Dirac:
    """The game at one place of the plane."""

    def __init__(self, *names: str) -> None:
        self.losses = Losses({name: part(name) for name in names if name})
        self.places = [torch.tensor(START)]
        self.line = torch.nn.Linear(1, 1, bias=False)  # whose weight is psi

    def turn(self, theta: Tensor, psi: Tensor) -> Turn:
        nothing = torch.zeros(2, 0)

        def judge(images: Tensor, condition: Tensor) -> Critique:
            return Critique(images, condition, (images * psi)[:, 0], nothing, nothing, images)

        generated = theta.expand(2, 1)
        return Turn(
            *(judge, lambda *_: generated, generated, torch.zeros(2, 1)),
            *(nothing, nothing, Draws(0)),
        )

    def pull_on_theta(self, place: Tensor) -> Tensor:
        """Minus the slope of G's loss in theta."""
        theta, psi = place.unbind()
        loss = total_loss(self.losses.for_generator(self.turn(theta, psi)))
        return -torch.autograd.grad(loss, theta, create_graph=True)[0]

    def pull_on_psi(self, place: Tensor) -> Tensor:
        """Minus the slope of D's loss in psi."""
        theta, psi = place.unbind()
        loss = total_loss(self.losses.for_discriminator(self.turn(theta, psi)))
        return -torch.autograd.grad(loss, psi, create_graph=True)[0]

    def eigenvalues(self) -> list[complex]:
        """Of the derivative, at the equilibrium (0, 0), of where the players go."""
        self.losses.observe(self.turn(torch.zeros(()), torch.zeros(())))

        def field(place: Tensor) -> Tensor:
            return torch.stack([self.pull_on_theta(place), self.pull_on_psi(place)])

        jacobian = torch.autograd.functional.jacobian(field, torch.zeros(2))
        values: list[complex] = torch.linalg.eigvals(jacobian).tolist()
        return values

    def play(self, steps_of_d: int) -> float:
        """Distance from the equilibrium after training; 0 steps of D are simultaneous ones."""
        place = torch.tensor(START)
        self.places = [place]
        for _ in range(STEPS):
            before = place
            for _ in range(max(steps_of_d, 1)):
                place = self.step_of_d(place)
            here = place if steps_of_d else before
            pull = self.pull_on_theta(here.clone().requires_grad_()).detach()
            place = torch.stack([before[0] + RATE * pull, place[1]])
            self.places.append(place)
        return float(place.norm())

    def step_of_d(self, place: Tensor) -> Tensor:
        self.losses.observe(self.turn(*place))
        pull = self.pull_on_psi(place.clone().requires_grad_()).detach()
        return self.constrained(torch.stack([place[0], place[1] + RATE * pull]))

    def constrained(self, place: Tensor) -> Tensor:
        self.line.weight.data.fill_(place[1])
        self.losses.constrain(self.line)  # type: ignore[arg-type]
        return torch.stack([place[0], self.line.weight.detach()[0, 0]])


def closed_form(objective: str, penalty: str) -> list[complex] | None:
    """The roots of the characteristic polynomial; None where the field has no derivative."""
    if objective not in SLOPES or penalty not in DAMPING:
        return None
    (up, down), (pull_g, pull_d) = SLOPES[objective], DAMPING[penalty]
    root = sqrt(((pull_g - pull_d) / 2) ** 2 - up * down)
    return [-(pull_g + pull_d) / 2 + sign * root for sign in (1, -1)]


def agree(measured: list[complex], expected: list[complex]) -> bool:
    ordered = (sorted(each, key=lambda z: (z.real, z.imag)) for each in (measured, expected))
    return all(abs(one - other) < 2e-3 for one, other in zip(*ordered, strict=True))


def formatted(values: list[complex] | None) -> str:
    if values is None:
        return "no derivative at 0"
    one, other = sorted(values, key=lambda z: -z.real)
    if abs(one.imag) > 2e-3:
        return f"{one.real + 0.0:.2f} ± {abs(one.imag):.2f} i"
    return f"{one.real + 0.0:.2f}, {other.real + 0.0:.2f}"


def verdict(distances: dict[str, float]) -> str:
    return "converges" if distances["alternating"] < 1e-4 else "does not"


def games() -> list[tuple[str, str]]:
    names = [path.stem for path in sorted((CONF / "loss").glob("*.yaml")) if supported(path.stem)]
    objectives = [name for name in names if isinstance(part(name), Objective)]
    penalties = ["", *(name for name in names if name not in objectives)]
    return [
        (objective, penalty)
        for objective in objectives
        for penalty in penalties
        if not (penalty == "lecam" and not part(objective).raw_scores)  # type: ignore[attr-defined]
    ]


def rows() -> list[list[str]]:
    table = []
    for objective, penalty in games():
        expected = closed_form(objective, penalty)
        measured = Dirac(objective, penalty).eigenvalues() if expected else None
        assert expected is None or agree(measured or [], expected), (objective, penalty, measured)
        distances = {name: Dirac(objective, penalty).play(steps) for name, steps in SCHEMES.items()}
        table.append(
            [
                *(objective, penalty or "none", formatted(measured)),
                *(f"{distance:.2g}" for distance in distances.values()),
                verdict(distances),
            ]
        )
    return table


def markdown(table: list[list[str]]) -> str:
    head = ["objective", "penalty", "eigenvalues", *SCHEMES, ""]
    lines = [head, ["---"] * len(head), *table]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def draw(path: Path) -> None:
    """Trajectories of alternating steps."""
    penalties = ("", "gradient_penalty", "r1", "r1_r2")
    figure = picture.new_figure(8, 8)
    grid: Any = figure.subplots(len(SHOWN), len(penalties), sharex=True, sharey=True)
    for line, objective in zip(grid, SHOWN, strict=True):
        for axes, penalty in zip(line, penalties, strict=True):
            game = Dirac(objective, penalty)
            game.play(1)
            theta, psi = torch.stack(game.places).T
            axes.plot(theta, psi, linewidth=0.6, color="tab:blue")
            axes.plot(theta[:1], psi[:1], "o", markersize=3, color="tab:orange")
            axes.plot(0, 0, "k+", markersize=7)
            axes.set(xlim=(-2, 2), ylim=(-2, 2), xticks=[-1, 0, 1], yticks=[-1, 0, 1])
        line[0].set_ylabel(f"{objective}\npsi", fontsize=8)
    for top, bottom, penalty in zip(grid[0], grid[-1], penalties, strict=True):
        top.set_title(penalty or "no penalty", fontsize=9)
        bottom.set_xlabel("theta", fontsize=8)
    picture.save_image(picture.figure_to_image(figure), path)


TEXT = """# Which games converge

The Dirac-GAN ([Mescheder et al. 2018](https://arxiv.org/abs/1801.04406), section 2) is the smallest
GAN: the data are the point 0, the generator is the point theta, the discriminator is the line
psi x. The equilibrium is theta = psi = 0. The table plays it with every objective and every penalty
in `conf/loss` that applies to points: rate {rate}, {steps} steps of gradient descent from (1, 1).

![theta against psi under alternating steps](dirac/trajectories.png)

Each line shows the eigenvalues of the game's vector field at the equilibrium, and the distance from
it after training. A negative real part pulls the players in: the game converges if the steps are
small enough. With a real part of 0 they circle: simultaneous steps of gradient descent spiral
outwards, alternating ones keep their distance, or approach only slowly.

- For an objective whose loss has slopes g (for G) and d (for D) in the score, the eigenvalues are
  ± i sqrt(g d). R1 of weight c makes them -c/2 ± sqrt(c²/4 - g d); R2 does the same here, and both
  together add up. Feature matching of weight w pulls theta: -w ± sqrt(w² - g d). The table's
  eigenvalues come from automatic differentiation of the losses in `ganzoo/loss`, and the command
  stops if one differs from the closed form.
- LeCam and weight clipping change nothing near the equilibrium: LeCam damps only large circles, and
  clipping holds psi in a box of 0.01, in which the players circle on. Penalties that want a slope
  of 1 (gradient_penalty, dragan) keep psi from 0, where they have no derivative.
- Least squares with its usual targets have no equilibrium here, because psi x cannot give the data
  the score 1/2: g = 1 and d = 0.
- Gradient normalisation removes the length of psi from the game, and leaves its sign.

Slope penalties have weight {weight}, every other number is the file's. Balanced and latent
consistency and the losses that read a condition do not apply. The last column says whether
alternating steps have come closer than 0.0001.

{table}

`python benchmarks/dirac.py` writes this page.
"""


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    draw(folder / "dirac" / "trajectories.png")
    text = TEXT.format(rate=RATE, steps=STEPS, weight=WEIGHT, table=markdown(rows()))
    (folder / "dirac.md").write_text(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "docs")
