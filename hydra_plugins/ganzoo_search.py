"""Hydra looks for sweepers nowhere but in this folder."""

from ganzoo.training.search import Search

__all__ = ["Search"]
