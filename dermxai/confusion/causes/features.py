"""The features: a probe on other features ranks better than the network and than one on its own:
on all heads' against the final head's, on another space's or another run's against all heads'.

Both differences have to be there (an intersection-union test), of as many as are asked.
"""

from dataclasses import replace

import numpy as np

from dermxai.confusion.evidence import Evidence
from dermxai.confusion.finding import Cause, Finding, Skipped
from dermxai.confusion.pair_images import ALL_HEADS, FINAL_HEAD


def test(evidence: Evidence) -> Finding:
    """The space of the lowest p-value, times their number."""
    if (skipped := evidence.without_probe(Cause.FEATURES)) is not None:
        return skipped
    tried = [found for name in _spaces(evidence) if (found := _of(evidence, name)) is not None]
    if not tried:
        return Finding(Cause.FEATURES, Skipped.NO_OTHER_FEATURES)
    best = min(tried, key=lambda each: (each.effect <= 0, np.nan_to_num(each.p, nan=1.0)))
    return replace(
        best,
        p=float(min(1, len(tried) * best.p)),
        facts={**best.facts, "spaces": float(len(tried))},
    )


def _spaces(evidence: Evidence) -> list[str]:
    spaces = evidence.images.spaces
    others = [name for name in spaces if name not in (ALL_HEADS, FINAL_HEAD)]
    return [ALL_HEADS, *others] if FINAL_HEAD in spaces else others


def _of(evidence: Evidence, name: str) -> Finding | None:
    """Of one space; None where no probe can be fitted on it."""
    probed = evidence.probed(name)
    beside = evidence.probed(FINAL_HEAD if name == ALL_HEADS else ALL_HEADS)
    if probed is None or beside is None:
        return None
    evidence.scores.append(probed)
    both = [evidence.better(Cause.FEATURES, probed, each) for each in (evidence.margins, beside)]
    least = min(both, key=lambda each: each.effect)
    p = max(each.p for each in both)
    return replace(least, p=p, names=(name,), support=evidence.turned(probed))
