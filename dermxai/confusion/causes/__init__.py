"""Why two classes are confused: possible causes in the order in which one would mend them, each
with an effect, its interval and a p-value; a file each.

Errors are those of the decision between the two classes alone, areas under the ROC curve (pair AUC)
those of the margin of one over the other. Every effect is of images of patients that nothing was
fitted on, and above 0 where the cause is there. What is independent are patients.

A cause is named where its p-value, corrected for the number of causes that were asked (Holm), is
at most 5 %. That none is named says that the images do not tell, not that there is none.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from dermxai.confusion.causes import (
    balance,
    border,
    data,
    features,
    head,
    image,
    labels,
    shortcut,
)
from dermxai.confusion.evidence import Evidence
from dermxai.confusion.finding import Cause, CauseCard, Finding, Skipped
from dermxai.confusion.pair_images import PairImages
from dermxai.metrics.multiplicity import holm

Progress: TypeAlias = Callable[[int, int], None]
Test: TypeAlias = Callable[[Evidence], Finding]

_TESTS: tuple[tuple[Cause, Test], ...] = (
    (Cause.BORDER, border.test),
    (Cause.HEAD, head.test),
    (Cause.FEATURES, features.test),
    (Cause.SHORTCUT, shortcut.test),
    (Cause.BALANCE, balance.test),
    (Cause.LABELS, labels.test),
    (Cause.IMAGE, image.test),
    (Cause.DATA, data.test),
)
"""Those first whose scores others look at."""


def find_causes(
    images: PairImages, split: str | None = None, progress: Progress | None = None
) -> CauseCard:
    """Tests each cause.

    Args:
        images: of the two classes.
        split: that they were asked about.
        progress: called with what is done and how much there is.
    """
    evidence = Evidence(images)
    found: dict[Cause, Finding] = {}
    lacking = images.lacking(images.asked)
    for done, (cause, test) in enumerate(_TESTS):
        if progress:
            progress(done, len(_TESTS))
        skipped = Finding(cause, Skipped.FEW_ASKED, names=lacking)
        found[cause] = skipped if lacking else test(evidence)
    findings = [found[cause] for cause in Cause]
    adjusted = holm([each.p for each in findings])
    positive, wrong = evidence.positive, evidence.wrong
    return CauseCard(
        images.first,
        images.second,
        split,
        tuple(replace(each, adjusted=float(p)) for each, p in zip(findings, adjusted, strict=True)),
        (int(positive.sum()), int((~positive).sum())),
        images.patients(images.asked),
        (int((wrong & positive).sum()), int((wrong & ~positive).sum())),
        images.unit,
        not images.fitting.any(),
        evidence.missed_by_all(),
    )
