"""What a run's network says of its images flipped: left to right, upside down, and both. A lesion
has no side that is up."""

import numpy as np
from numpy.typing import NDArray

from dermxai.core import arrays
from dermxai.core.entries import UnusableError
from dermxai.runs.files import RunFiles
from dermxai.runs.run import Run

FLIPS = ((2,), (1,), (1, 2))
"""Axes of (image, height, width, channel)."""


def open_flips(run: Run) -> NDArray[np.float32] | None:
    """(n, flip, k) logits, summed over the heads; None where they were not inferred yet."""
    try:
        logits = arrays.load(RunFiles(run.root).flips, "logits")["logits"]
    except UnusableError:
        return None
    if logits.shape != (len(run), len(FLIPS), len(run.classes)) or logits.dtype != np.float32:
        return None
    return logits if np.isfinite(logits).all() else None
