"""Train one variant: ``python train.py model=wgan_gp data=cifar10 trainer=gpu``."""

from ganzoo.cli import train

if __name__ == "__main__":
    train()
