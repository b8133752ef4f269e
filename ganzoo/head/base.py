from torch import nn


class Head(nn.Module):
    """The discriminator's last layers: (N, features), (N, K) -> scores (N,), guesses (N, K or 0).

    Attributes:
        is_told: Whether the score depends on the condition.
        guesses: Whether it predicts the condition.
    """

    is_told = False
    guesses = False
