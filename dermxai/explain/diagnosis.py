"""One image, one forward pass: ranked classes, every head's votes, Grad-CAM of every class."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import softmax

from dermxai.data.transforms import Preprocessing
from dermxai.explain.methods.grad_cam import all_classes

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier


@dataclass(frozen=True)
class Diagnosis:
    """What a classifier makes of one image.

    Attributes:
        logits: (head, class), the votes.
        cams: (class, h, w), Grad-CAM of the final head at the resolution of its feature map.
        shape: (height, width) of the original image.
    """

    classes: tuple[str, ...]
    heads: tuple[str, ...]
    logits: NDArray[np.float32]
    cams: NDArray[np.float32]
    shape: tuple[int, int]
    preprocessing: Preprocessing

    @cached_property
    def scores(self) -> NDArray[np.float32]:
        """(class,), the votes summed over heads."""
        total: NDArray[np.float32] = self.logits.sum(0)
        return total

    @cached_property
    def probabilities(self) -> NDArray[np.float32]:
        """(class,), softmax of the scores."""
        values: NDArray[np.float32] = softmax(self.scores)
        return values

    @cached_property
    def ranking(self) -> tuple[str, ...]:
        """Class codes, the most likely first."""
        return tuple(self.classes[index] for index in np.argsort(-self.scores, kind="stable"))

    def grad_cam(self, target: str, against: str | None = None) -> NDArray[np.float32]:
        """Signed Grad-CAM (height, width) on the original image, of a class or of the difference
        between two."""
        cam = self.cams[self.classes.index(target)]
        if against is not None:
            cam = cam - self.cams[self.classes.index(against)]
        return self.preprocessing.to_original(cam, self.shape)


def diagnose(classifier: "Classifier", image: NDArray[np.uint8]) -> Diagnosis:
    """Looks at one image (h, w, 3) RGB with one forward pass."""
    tensor = torch.from_numpy(classifier.info.preprocessing(image))[None]
    output = classifier.infer(tensor, maps=True)
    weight, _ = classifier.head_weights(-1)
    return Diagnosis(
        classes=classifier.info.classes,
        heads=tuple(head.name for head in classifier.info.heads),
        logits=output.logits[0].cpu().numpy(),
        cams=all_classes(output.maps[-1][0], weight).cpu().numpy(),
        shape=(image.shape[0], image.shape[1]),
        preprocessing=classifier.info.preprocessing,
    )
