"""Train one variant: ``python train.py model=wgan_gp data=cifar10 trainer=gpu``."""

from ganzoo.training.app import run_app

if __name__ == "__main__":
    run_app()
