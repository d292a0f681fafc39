"""The image does not hold it: where scores leave it open which class it is, age, sex, site and
device rank better than the pixels.

These images are chosen by their scores, never by their errors: among errors pixels always rank
wrong.
"""

from dataclasses import replace

import numpy as np
from scipy.special import expit

from dermxai.confusion import simple
from dermxai.confusion.evidence import Evidence, area
from dermxai.confusion.finding import Cause, Finding, Skipped
from dermxai.confusion.pair_images import FEWEST
from dermxai.metrics import intervals

UNDECIDED = (0.2, 0.8)
"""Probabilities between which an image counts as undecided."""


def test(evidence: Evidence) -> Finding:
    """Pair AUC of simple columns less that of the scores, among undecided images."""
    images, positive = evidence.images, evidence.positive
    design, columns = simple.design(images.samples)
    if not columns:
        return Finding(Cause.IMAGE, Skipped.NO_COLUMNS)
    pixels = evidence.agreed()
    chance = expit(pixels)
    open_ = (chance > UNDECIDED[0]) & (chance < UNDECIDED[1])
    errors = evidence.wrong & open_
    facts = {
        "undecided": float(open_.sum()),
        "undecided_errors": float(errors.sum()),
        "errors": float(evidence.wrong.sum()),
        "undecided_share": float(errors.sum() / max(evidence.wrong.sum(), 1)),
    }
    sides = np.column_stack([open_ & positive, open_ & ~positive])
    if intervals.patients_with(sides, evidence.clusters).min() < FEWEST:
        return Finding(Cause.IMAGE, Skipped.FEW_UNDECIDED, facts=facts)
    told = evidence.held_out(design)
    if np.isnan(told).any():
        return Finding(Cause.IMAGE, Skipped.FEW_FITTED)
    found = evidence.better(Cause.IMAGE, told, pixels, open_)
    facts |= {"pixels": found.facts["before"], "simple": found.facts["after"]}
    if images.colours is not None:
        colours = evidence.held_out(np.nan_to_num(images.colours))
        facts["colours"] = float(area(colours[open_], positive[open_]).value[0])
    worst = np.flatnonzero(open_)
    worst = worst[np.argsort(np.abs(pixels[worst]), kind="stable")]
    return replace(found, support=evidence.ids(worst), names=columns, facts=facts)
