"""Nearest neighbours of many points in little memory."""

import torch
from torch import Tensor
from torch.nn.functional import normalize

ROWS_AT_ONCE = 500  # rows of distances held at a time


def distances(points: Tensor, others: Tensor) -> Tensor:
    """Euclidean distances: (N, d), (M, d) -> (N, M)."""
    # torch.cdist does the same on copies of all points.
    squares = [torch.linalg.vector_norm(each, dim=1).square() for each in (points, others)]
    products = torch.addmm(squares[0][:, None] + squares[1], points, others.T, alpha=-2)
    return products.clamp_min_(0).sqrt_()


def radii(points: Tensor, k: int) -> Tensor:
    """Distances to the k nearest other points, the nearest first: (N, d) -> (N, k)."""
    parts = torch.split(points, ROWS_AT_ONCE)
    found = [distances(part, points).topk(k + 1, largest=False) for part in parts]
    return torch.cat([each.values[:, 1:] for each in found])


def nearest(points: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """Distance to the nearest of the others, and which it is: (N, d), (M, d) -> (N,), (N,)."""
    found = [distances(part, others).min(1) for part in torch.split(points, ROWS_AT_ONCE)]
    return torch.cat([each.values for each in found]), torch.cat([each.indices for each in found])


def nearest_cosine(points: Tensor, others: Tensor) -> Tensor:
    """Cosine distance, of lines and not of arrows, to the nearest of the others: -> (N,)."""
    directions, theirs = (normalize(each, dim=1) for each in (points, others))
    return 1 - torch.cat(
        [(part @ theirs.T).abs().amax(1) for part in torch.split(directions, ROWS_AT_ONCE)]
    )
