import torch
from torch import Tensor

from ganzoo import picture
from ganzoo.data.base import Data
from ganzoo.draws import Draws
from ganzoo.error import refuse_if
from ganzoo.game import Game
from ganzoo.grad_mode import eval_mode
from ganzoo.metric import DigitsExtractor
from ganzoo.probe.base import Probe
from ganzoo.runs import RunFolder


class Arithmetic(Probe):
    """Vector arithmetic on noise: thick a - thin a + thin b = thick b, with means of each.

    The vector arithmetic of Radford et al. 2016, section 6.3.2, https://arxiv.org/abs/1511.06434,
    with ten samples per concept and stroke thickness for the smile. Draws
    ``arithmetic.png``: two pairs of digits per row, each with its three concepts and the result.

    Measures ``arithmetic_class``, the share of results that a classifier reads as b, where a digit
    that the generator never draws counts as misread, and ``arithmetic_ink``, the mean gain in ink
    over the thin b, in pixels of full ink.

    Args:
        n: Samples from which the concepts are taken.
        seed: Seed of their noise.
    """

    def __init__(self, n: int = 5000, seed: int = 0) -> None:
        self.n, self.seed = n, seed

    def check(self, game: Game, data: Data) -> None:
        super().check(game, data)
        refuse_if(
            game.condition.dim or game.image_shape[0] != 1 or len(game.image_shape) != 3,
            "probe=arithmetic finds grey digits by their noise alone: choose an unconditional "
            "model such as model=dcgan and data=mnist or data=mnist5k, or leave the probe out.",
        )

    def measure(self, game: Game, data: Data, run: RunFolder) -> dict[str, float]:
        latent = game.latent.draw(self.n, Draws(self.seed, device=game.device))
        images, classifier = generate(game, latent), DigitsExtractor()
        ink = darkness(images)
        logits = torch.cat([classifier.logits(part)[:, 0] for part in torch.split(images, 1000)])
        drawn = logits.argmax(1)
        concepts = {
            digit: concept(latent, ink, drawn == digit) for digit in torch.unique(drawn).tolist()
        }  # of every digit: (thick, thin), the mean noise
        pairs = [(a, (a + shift) % 10) for shift in (1, 3) for a in range(10)]
        known = [(a, b) for a, b in pairs if a in concepts and b in concepts]
        if not known:
            return {"arithmetic_class": 0.0}
        sums = []
        for a, b in known:
            (thick_a, thin_a), (_, thin_b) = concepts[a], concepts[b]
            sums += [thick_a, thin_a, thin_b, thick_a - thin_a + thin_b]
        shown = generate(game, torch.stack(sums))
        picture.save_image(picture.draw_samples(shown, 8), run.figures / "arithmetic.png")
        thin, result = shown[2::4], shown[3::4]
        read = classifier.logits(result)[:, 0].argmax(1).cpu()
        targets = torch.tensor([b for _, b in known])
        return {
            "arithmetic_class": int((read == targets).sum()) / len(pairs),
            "arithmetic_ink": float((darkness(result) - darkness(thin)).mean()),
        }


def generate(game: Game, latent: Tensor) -> Tensor:
    """Images of noise, without a condition: (N, L) -> (N, C, H, W)."""
    nothing = latent.new_zeros(len(latent), 0)
    with eval_mode(game):
        return torch.cat([game(part, nothing[: len(part)]) for part in torch.split(latent, 500)])


def darkness(images: Tensor) -> Tensor:
    """Ink of each image, (N, C, H, W) in [-1, 1] -> (N,), in pixels of full ink."""
    return ((images + 1) / 2).flatten(1).sum(1)


def concept(latent: Tensor, ink: Tensor, member: Tensor, n: int = 10) -> tuple[Tensor, Tensor]:
    """Mean noise of the thickest and of the thinnest members."""
    rows = member.nonzero().squeeze(1)
    order = rows[ink[rows].argsort()]
    return latent[order[-n:]].mean(0), latent[order[:n]].mean(0)
