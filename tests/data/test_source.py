"""What an own ``load()`` returns is looked at before it is trained on."""

import pytest
import torch

from ganzoo.data.source import InMemory
from ganzoo.error import UserError

PIXELS, LABELS = torch.zeros(6, 1, 8, 8, dtype=torch.uint8), torch.arange(6) % 2


@pytest.mark.parametrize(
    ("values", "labels", "said"),
    [
        (torch.rand(6, 1, 8, 8), LABELS, "scale floats to 0 ... 255"),
        (PIXELS[:, 0], LABELS, r"of shape \(N, C, H, W\)"),
        (PIXELS.permute(0, 2, 3, 1), LABELS, "channels come last"),
        (PIXELS, LABELS + 1, "from 1 to 2: number the classes from 0"),
        (PIXELS, LABELS - 1, "from -1 to 0"),
        (PIXELS, LABELS.int(), r"add \.long\(\)"),
        (PIXELS, LABELS.float(), r"add \.long\(\)"),
        (PIXELS, LABELS[:, None], r"labels are \(N,\)"),
    ],
)
def test_what_would_be_taken_for_something_else_is_refused(values, labels, said):
    with pytest.raises(UserError, match=said):
        InMemory(values, labels, ("a", "b"))


def test_what_was_asked_for_is_taken():
    assert InMemory(PIXELS, LABELS, ("a", "b")).shape == (1, 8, 8)
    assert len(InMemory(PIXELS, torch.rand(6, 3), ())) == 6
