"""Nearest neighbours of many points in little memory."""

import torch
from torch import Tensor
from torch.nn.functional import normalize

ROWS_AT_ONCE = 500  # rows of distances held at a time


def distances(points: Tensor, others: Tensor) -> Tensor:
    """Euclidean distances: (N, d), (M, d) -> (N, M)."""
    # torch.cdist would copy all points.
    squares = [torch.linalg.vector_norm(x, dim=1).square() for x in (points, others)]
    products = torch.addmm(squares[0][:, None] + squares[1], points, others.T, alpha=-2)
    return products.clamp_min_(0).sqrt_()


def radii(points: Tensor, k: int) -> Tensor:
    """Distances to the k nearest other points, the nearest first: (N, d) -> (N, k)."""
    parts = torch.split(points, ROWS_AT_ONCE)
    nearest_first = [distances(part, points).topk(k + 1, largest=False) for part in parts]
    return torch.cat([part.values[:, 1:] for part in nearest_first])


def nearest(points: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """Distance to the nearest of the others, and which it is: (N, d), (M, d) -> (N,), (N,)."""
    minima = [distances(part, others).min(1) for part in torch.split(points, ROWS_AT_ONCE)]
    return torch.cat([m.values for m in minima]), torch.cat([m.indices for m in minima])


def nearest_cosine(points: Tensor, others: Tensor) -> Tensor:
    """Cosine distance, whatever the sign, to the nearest of the others: (N, d), (M, d) -> (N,)."""
    directions, targets = (normalize(x, dim=1) for x in (points, others))
    return 1 - torch.cat(
        [(part @ targets.T).abs().amax(1) for part in torch.split(directions, ROWS_AT_ONCE)]
    )
