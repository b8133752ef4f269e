"""Nearest neighbours of many points in little memory."""

import torch
from torch import Tensor

CHUNK = 500  # rows of distances held at a time


def radii(points: Tensor, k: int) -> Tensor:
    """Distance of each point to its k-th nearest other point: (N, d) -> (N,)."""
    rows = [
        torch.cdist(part, points).kthvalue(k + 1, dim=1).values
        for part in torch.split(points, CHUNK)
    ]
    return torch.cat(rows)


def nearest(points: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """Distance to the nearest of the others, and which it is: (N, d), (M, d) -> (N,), (N,)."""
    found = [torch.cdist(part, others).min(1) for part in torch.split(points, CHUNK)]
    return torch.cat([each.values for each in found]), torch.cat([each.indices for each in found])
