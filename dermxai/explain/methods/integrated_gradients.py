"""Integrated Gradients (Sundararajan et al. 2017, arXiv:1703.01365) by Captum."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from captum.attr import IntegratedGradients
from numpy.typing import NDArray
from torch import Tensor, zeros_like

from dermxai.explain.method import Progress, Target

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

TITLE = "Integrated Gradients"
UNIT = "summed logit per input pixel"
NOTE = "Explains the sum of all heads, against an image of the training mean colour."


@dataclass(frozen=True)
class Settings:
    steps: int = field(
        default=32,
        metadata={"help": "Points on the path from the baseline", "low": 8, "high": 256},
    )


def attribute(
    classifier: "Classifier",
    image: Tensor,
    target: Target,
    settings: Settings,
    progress: Progress | None,
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """The map (size, size) for an image (1, 3, size, size), colours added up; the note gives the
    completeness gap, the part of the logit's change that the map does not account for."""
    passes, done = settings.steps + 2, 0  # the steps, and both ends for the completeness gap

    def forward(images: Tensor) -> Tensor:
        nonlocal done
        scores = classifier(images).logits.sum(1)
        done += len(images)
        if progress:
            progress(min(done, passes), passes)
        return target.of(scores)

    image = image.to(classifier.device)
    baseline = zeros_like(image)
    with classifier.lock:
        attributions, gap = IntegratedGradients(forward).attribute(
            image,
            baseline,
            n_steps=settings.steps,
            internal_batch_size=4,
            return_convergence_delta=True,
        )
    change = float(attributions.sum()) - float(gap)
    share = abs(float(gap) / change) if change else float("nan")
    note = f"Completeness gap {float(gap):+.3f} of a change of {change:+.3f} ({share:.1%})."
    values: NDArray[np.float32] = attributions[0].sum(0).float().cpu().numpy()
    return values, (note,)
