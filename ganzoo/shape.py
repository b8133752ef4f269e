"""Shapes that pass between the data, the networks and the pictures."""

Shape = tuple[int, ...]  # (C, H, W) of images in [-1, 1], or (2,) of points in the plane
