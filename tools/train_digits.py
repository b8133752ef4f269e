"""Train the classifier whose features `fid_digits` compares, on MNIST's 60,000 training digits.

    python tools/train_digits.py DATA_ROOT

DATA_ROOT holds MNIST/raw. Writes digits.safetensors into the current folder; copy it to
ganzoo/metric/ to ship it. The test set is read once, after the last step, for the accuracy that
the file records: nothing is chosen on it.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import OneCycleLR
from torchvision.datasets import MNIST

from ganzoo.metric.digits import digit_network

BATCH = 128
PEAK_RATE = 4e-3


def main() -> None:
    args = parse_arguments()
    torch.manual_seed(args.seed)
    network = digit_network()
    train(network, *read_mnist(args.root, train=True), epochs=args.epochs)
    accuracy = f"{measure_accuracy(network, *read_mnist(args.root, train=False)):.4f}"
    metadata = {"test_accuracy": accuracy, "seed": str(args.seed), "epochs": str(args.epochs)}
    weights = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    save_file(weights, args.out, metadata=metadata)
    print(f"wrote {args.out}: test accuracy {accuracy}")


def train(network: nn.Module, images: Tensor, labels: Tensor, epochs: int) -> None:
    """Train with AdamW and one cycle of the learning rate on randomly augmented digits."""
    n_steps = epochs * (len(images) // BATCH)
    optimizer = AdamW(network.parameters(), lr=PEAK_RATE, weight_decay=0.02)
    schedule = OneCycleLR(optimizer, PEAK_RATE, total_steps=n_steps)
    network.train()
    for step in range(n_steps):
        rows = batch_rows(step, len(images))
        loss = F.cross_entropy(network(augment(images[rows])), labels[rows])
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        schedule.step()
        if step % 100 == 0:
            print(f"step {step} of {n_steps}, loss {loss.item():.4f}", flush=True)


def augment(images: Tensor) -> Tensor:
    """Rotate, shear, scale and shift each digit a little: (N, 1, 28, 28) in [-1, 1]."""
    n = len(images)
    angle = (torch.rand(n) * 2 - 1) * 0.2  # radians
    identity = torch.eye(2).expand(n, 2, 2)
    rotation = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], 1).view(n, 2, 2)
    stretch = identity + (torch.rand(n, 2, 2) * 2 - 1) * 0.12
    shift = (torch.rand(n, 2, 1) * 2 - 1) * 0.12  # of half the side
    affine = torch.cat([rotation @ stretch, shift], dim=2)
    grid = F.affine_grid(affine, [n, 1, 28, 28], align_corners=False)
    return F.grid_sample(images + 1, grid, align_corners=False) - 1  # outside is black, -1


@torch.no_grad()
def measure_accuracy(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """The share of images whose class is recognised."""
    network.eval()
    guesses = torch.cat([network(batch).argmax(1) for batch in torch.split(images, 1000)])
    return (guesses == labels).double().mean().item()


def batch_rows(step: int, n: int) -> Tensor:
    """The rows of a step's batch; the order of an epoch depends only on its number."""
    epoch, position = divmod(step, n // BATCH)
    order = torch.randperm(n, generator=torch.Generator().manual_seed(epoch))
    return order[position * BATCH :][:BATCH]


def read_mnist(root: Path, train: bool) -> tuple[Tensor, Tensor]:
    """Images (N, 1, 28, 28) in [-1, 1], and labels (N,)."""
    digits = MNIST(str(root), train=train)
    return digits.data.unsqueeze(1) / 127.5 - 1, digits.targets


def parse_arguments() -> Namespace:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path, help="the folder that holds MNIST/raw")
    parser.add_argument("--out", type=Path, default=Path("digits.safetensors"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=8)
    return parser.parse_args()


if __name__ == "__main__":
    main()
