"""The amount of data: probes on ever more training patients rank ever better, and on all of them by
more than `RISE` better than on half.

The rise from half to all is told from the one from a quarter to all, since errors fall about as one
over the number of patients: it is a third of it, and less uncertain than the difference itself.
"""

from dataclasses import replace

import numpy as np

from dermxai.confusion.evidence import Evidence, area, mean_area
from dermxai.confusion.finding import Cause, Finding, Skipped
from dermxai.confusion.pair_images import ALL_HEADS
from dermxai.metrics import intervals

RISE = 0.02
"""Of the pair AUC from half to all of the training patients: what any learning curve has."""
PARTS = {0.25: 15, 0.5: 5}
"""Random parts of the patients that probes are fitted on: share, and how many."""
_OF_QUARTER = 1 / 3  # (1/n − 2/n) / (1/n − 4/n)


def test(evidence: Evidence) -> Finding:
    """Pair AUC of probes on random parts of the training patients, and on all of them."""
    images, positive = evidence.images, evidence.positive
    if (skipped := evidence.without_probe(Cause.DATA)) is not None:
        return skipped
    if not images.fitting.any():
        return Finding(Cause.DATA, Skipped.NO_TRAINING_IMAGES)
    probed = evidence.probed(ALL_HEADS)
    if probed is None:
        return Finding(Cause.DATA, Skipped.FEW_FITTED)
    quarters, halves = (
        np.column_stack([evidence.of_part(share, seed) for seed in range(parts)])
        for share, parts in PARTS.items()
    )
    of_quarters = mean_area(quarters, positive)
    beside = evidence.better(Cause.DATA, probed, evidence.margins)
    facts = {
        "quarter": float(of_quarters.value[0]),
        "half": float(mean_area(halves, positive).value[0]),
        "all": beside.facts["after"],
        "network": beside.facts["before"],
        "first_patients": float(images.patients(images.fitting)[0]),
        "second_patients": float(images.patients(images.fitting)[1]),
    }
    if beside.high < 0:
        return Finding(Cause.DATA, Skipped.OUTREACHED, facts=facts)
    right, missed = probed >= 0, (halves >= 0).mean(axis=1)
    gained = np.abs(missed - positive) * (right == positive)
    order = np.argsort(-gained, kind="stable")[: int((gained >= 0.5).sum())]
    risen = area(probed, positive).minus(of_quarters)
    found = evidence.estimated(Cause.DATA, risen)
    found = replace(
        found,
        effect=_OF_QUARTER * found.effect,
        low=_OF_QUARTER * found.low,
        high=_OF_QUARTER * found.high,
    )
    above = replace(risen, value=risen.value - RISE / _OF_QUARTER)
    p = float(intervals.student_test(above, evidence.clusters)[0]) if found.effect > RISE else 1.0
    return replace(found, p=p, facts=facts, support=evidence.ids(order))
