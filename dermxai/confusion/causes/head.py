"""The last layer: a linear probe on the features that the heads read, both classes weighing alike,
ranks better than the network (Kirichenko et al. 2022, doi:10.48550/arXiv.2204.02937)."""

from dataclasses import replace

from dermxai.confusion.evidence import Evidence
from dermxai.confusion.finding import Cause, Finding, Skipped
from dermxai.confusion.pair_images import ALL_HEADS


def test(evidence: Evidence) -> Finding:
    """Ridge regression on all heads' features, as the remedy ``retrain_heads`` fits it."""
    if (skipped := evidence.without_probe(Cause.HEAD)) is not None:
        return skipped
    probed = evidence.probed(ALL_HEADS)
    if probed is None:
        return Finding(Cause.HEAD, Skipped.FEW_FITTED)
    evidence.scores.append(probed)
    found = evidence.better(Cause.HEAD, probed, evidence.margins)
    return replace(found, support=evidence.turned(probed))
