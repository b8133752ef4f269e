from torch import Tensor, nn

from ganzoo.head.base import Head


class Recognition(Head):
    """Scores the image and must guess the condition: InfoGAN's Q, ACGAN's classifier.

    Chen et al. 2016, appendix C.1, https://arxiv.org/abs/1606.03657

    Args:
        features: Width of the trunk's output.
        condition_dim: Width of the condition, and of the guess.
        hidden: Units of the layer that only the guess passes through.
        aloof: Let the guess read the features without shaping them, or the images: the control of
            InfoGAN's figure 1, a plain GAN that is given the same code and the same Q.
    """

    guesses = True

    def __init__(
        self, features: int, condition_dim: int, hidden: int = 128, aloof: bool = False
    ) -> None:
        super().__init__()
        self.aloof = aloof
        self.score = nn.Linear(features, 1)
        self.guess = nn.Sequential(
            nn.Linear(features, hidden),
            nn.BatchNorm1d(hidden),
            nn.LeakyReLU(0.1),
            nn.Linear(hidden, condition_dim),
        )

    def forward(self, features: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Return scores (N,) and guesses (N, K): logits of categories, means of numbers."""
        seen = features.detach() if self.aloof else features
        return self.score(features).squeeze(1), self.guess(seen)
