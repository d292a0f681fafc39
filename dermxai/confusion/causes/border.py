"""The border: an offset of the margin, fitted on validation patients (Menon et al. 2021,
doi:10.48550/arXiv.2007.07314), lowers the balanced error. It is the offset of the remedy
``logit_offset`` between the two."""

import numpy as np

from dermxai.confusion.evidence import Evidence
from dermxai.confusion.finding import Cause, Finding, Skipped
from dermxai.metrics import border

FEWEST_FITTED = 3
"""Validation patients of each class that the border is fitted on."""


def test(evidence: Evidence) -> Finding:
    """Offset as ``fitted_offsets`` gives it."""
    images = evidence.images
    fitted = images.validation
    if lacking := images.lacking(fitted, FEWEST_FITTED):
        return Finding(Cause.BORDER, Skipped.FEW_VALIDATION, names=lacking)
    moved = border.offset(images.margins[fitted], images.positive[fitted])
    if np.isnan(moved):
        return Finding(Cause.BORDER, Skipped.BACKWARDS)
    evidence.scores.append(evidence.margins + moved)
    return evidence.moved(Cause.BORDER, moved)
