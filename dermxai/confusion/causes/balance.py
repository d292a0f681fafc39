"""Class balance: an offset of the log ratio of both classes' training images, which nothing is
fitted for (Menon et al. 2021), lowers the balanced error."""

from dataclasses import replace

import numpy as np

from dermxai.confusion.evidence import Evidence
from dermxai.confusion.finding import Cause, Finding, Skipped
from dermxai.metrics.offsets import prior_offsets

BALANCED = 1.25
"""Ratio of training images below which classes count as balanced."""


def test(evidence: Evidence) -> Finding:
    """Offset as ``prior_offsets`` gives it."""
    images = np.array(evidence.images.training)
    if not np.isfinite(images).all():
        return Finding(Cause.BALANCE, Skipped.TRAINING_UNKNOWN)
    known = dict(zip(("first_images", "second_images"), images.tolist(), strict=True))
    if images.min() <= 0:
        return Finding(Cause.BALANCE, Skipped.TRAINING_UNKNOWN, facts=known)
    if images.max() < BALANCED * images.min():
        return Finding(Cause.BALANCE, Skipped.ALIKE_FREQUENT, facts=known)
    one, other = prior_offsets(images / images.sum())
    found = evidence.moved(Cause.BALANCE, float(one - other))
    return replace(found, facts={**found.facts, **known})
