"""What an image is compared with: the picture that stands for "nothing there"."""

from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

MEAN, BLURRED, BLACK, WHITE = CHOICES = ("mean colour", "blurred", "black", "white")
BLUR = 1 / 12  # standard deviation, as a share of the image's side
HELP = "What the image is compared with, or covered by"


def baseline(classifier: "Classifier", image: Tensor, name: str = MEAN) -> Tensor:
    """A normalised picture (1, 3, size, size) to compare a normalised image of that shape with.

    ``mean colour`` is the mean colour that the network was normalised with, zero at its input;
    ``blurred`` is the image itself without its structures.
    """
    if name == MEAN:
        return torch.zeros_like(image)
    if name == BLURRED:
        picture = image[0].permute(1, 2, 0).cpu().numpy()
        sigma = BLUR * image.shape[-1]
        blurred = cv2.GaussianBlur(picture, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
        return torch.from_numpy(blurred).permute(2, 0, 1)[None].to(image)
    colour = np.full((1, 1, 3), 255 if name == WHITE else 0, np.uint8)
    plain = torch.from_numpy(classifier.info.preprocessing.normalise(colour))  # (3, 1, 1)
    return plain[None].expand(image.shape).to(image)
