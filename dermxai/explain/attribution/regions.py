"""Superpixels of what a network sees: the units that perturbation methods cover."""

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dermxai.explain.superpixels import superpixels

if TYPE_CHECKING:
    from dermxai.data.transforms import Preprocessing


def regions_of(image: Tensor, preprocessing: "Preprocessing", count: int) -> Tensor:
    """The number of each pixel's superpixel (1, 1, size, size), on the device of a normalised image
    (1, 3, size, size)."""
    found = superpixels(picture_of(image, preprocessing), count)
    return torch.from_numpy(found)[None, None].to(image.device)


def picture_of(image: Tensor, preprocessing: "Preprocessing") -> NDArray[np.uint8]:
    """The RGB picture (size, size, 3) that a normalised image (1, 3, size, size) shows."""
    values = image[0].permute(1, 2, 0).cpu().numpy()
    shown = 255 * (values * np.array(preprocessing.std) + np.array(preprocessing.mean))
    picture: NDArray[np.uint8] = np.rint(shown).clip(0, 255).astype(np.uint8)
    return picture
