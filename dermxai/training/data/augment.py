"""The paper's augmentation (Zhu et al. 2021, Methods) on a batch: rotation within ±30°, flips."""

import math

import torch
from torch import Tensor
from torch.nn import functional

MAX_ROTATION = math.radians(30)


def augment(images: Tensor, size: int, generator: torch.Generator) -> Tensor:
    """Randomly rotated and flipped images at another size; what rotates in is mirrored.

    Args:
        images: (n, 3, h, w) float.
        size: side of the result in pixels.

    Returns:
        (n, 3, size, size).
    """
    if images.shape[-1] != size:
        images = functional.interpolate(
            images, size=(size, size), mode="bilinear", antialias=True, align_corners=False
        )
    n = len(images)
    angle = (torch.rand(n, generator=generator) * 2 - 1) * MAX_ROTATION
    flips = torch.randint(0, 2, (n, 2), generator=generator) * 2.0 - 1.0
    cos, sin = angle.cos(), angle.sin()
    affine = torch.zeros(n, 2, 3)
    affine[:, 0, 0], affine[:, 0, 1] = cos * flips[:, 0], -sin * flips[:, 1]
    affine[:, 1, 0], affine[:, 1, 1] = sin * flips[:, 0], cos * flips[:, 1]
    grid = functional.affine_grid(affine.to(images.device), list(images.shape), align_corners=False)
    return functional.grid_sample(
        images, grid, mode="bilinear", padding_mode="reflection", align_corners=False
    )
