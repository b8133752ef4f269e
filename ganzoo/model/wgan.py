from typing import ClassVar

from torch import Tensor

from ganzoo.draws import Draws
from ganzoo.game import Choices, Game
from ganzoo.grad_mode import eval_mode
from ganzoo.latent import Uniform
from ganzoo.loss import GradientPenalty, Wasserstein, WeightClipping
from ganzoo.network import Critique
from ganzoo.optimizer import Optimizers, adam, falling, rmsprop


class WGAN(Game):
    """A critic in place of a classifier; its weights are clipped to keep it Lipschitz.

    Arjovsky et al. 2017, https://arxiv.org/abs/1701.07875
    """

    recipe: ClassVar[Choices] = {
        "loss": {"wasserstein": Wasserstein(), "weight_clipping": WeightClipping()},
        "optimizer": Optimizers(rmsprop(5e-4), rmsprop(5e-4)),
        "n_critic": 2,
    }

    def distance(self, images: Tensor, labels: Tensor | None = None, seed: int = 0) -> Tensor:
        """The critic's estimate of the earth mover's distance to as many fakes, a scalar.

        E f(x) - E f(G(z)) (equation 3), up to the critic's unknown Lipschitz constant.

        Args:
            images: Real images (N, C, H, W), in [-1, 1].
            labels: Theirs, where the variant is conditional.
            seed: Of the fakes' noise.
        """
        told = self.condition.labels(len(images)) if labels is None else labels
        condition = self.condition.draw(told.to(images.device), Draws(seed, device=images.device))
        fakes = self.sample(told, seed)
        with eval_mode(self):
            real: Critique = self.discriminator(images, condition)
            fake: Critique = self.discriminator(fakes, condition)
        return real.score.mean() - fake.score.mean()


class WGANGP(WGAN):
    """A penalty on the critic's slope in place of clipping; batch norm gives way to layer norm.

    Gulrajani et al. 2017, https://arxiv.org/abs/1704.00028
    """

    recipe: ClassVar[Choices] = {
        "latent": Uniform(32),
        "loss": {"wasserstein": Wasserstein(), "gradient_penalty": GradientPenalty()},
        "optimizer": Optimizers(adam(1e-3, (0.5, 0.9)), adam(1e-3, (0.5, 0.9)), falling(4000)),
        "n_critic": 1,
    }
