"""The labels: they contradict scores more often than tails explain (`confident_labels`), or errors
are more often images whose lesion, near-duplicate or second reader has the other class
(`association`)."""

from dataclasses import replace

import numpy as np

from dermxai.confusion.causes.shortcut import association_of
from dermxai.confusion.evidence import CONFIDENCE, Evidence, Flags, Floats, Rows
from dermxai.confusion.finding import Cause, Finding, Skipped
from dermxai.confusion.pair_images import FEWEST
from dermxai.metrics import association, intervals
from dermxai.metrics.confident_labels import confident_labels


def test(evidence: Evidence) -> Finding:
    """Whichever of both has the lower p-value, times their number."""
    scores = evidence.agreed()
    if evidence.column is not None:
        scores = _without(scores, evidence.column, evidence.positive)
    found: list[Finding] = []
    facts: dict[str, float] = {}
    chosen = np.zeros(evidence.rows.size, dtype=bool)
    patients, labels, kept = _of_patients(scores, evidence.positive, evidence.clusters)
    if min(labels.sum(), (~labels).sum()) >= FEWEST:
        told = confident_labels(patients, labels)
        chosen |= np.isin(evidence.clusters, kept[told.is_deep])
        facts |= {
            "deep": float(told.deep),
            "shallow": float(told.shallow),
            "expected": told.expected,
        }
        found.append(
            Finding(
                Cause.LABELS,
                effect=told.excess,
                low=told.low,
                high=told.high,
                p=told.p,
                names=("confident",),
            )
        )
    contradicted = evidence.images.contradicted[evidence.rows]
    if contradicted.any():
        chosen |= contradicted
        made = _contradiction(evidence, contradicted)
        facts |= {"contradicted": float(contradicted.sum()), **made.facts}
        found.append(made)
    if not found:
        return Finding(Cause.LABELS, Skipped.FEW_ERRORS)
    best = min(found, key=lambda each: np.nan_to_num(each.p, nan=1.0))
    tested = sum(bool(np.isfinite(each.p)) for each in found)
    support = np.flatnonzero(chosen)
    order = np.argsort(np.where(evidence.positive, scores, -scores)[support], kind="stable")
    return replace(
        best,
        p=float(min(1, tested * best.p)),
        support=evidence.ids(support[order]),
        to_relabel=_to_relabel(evidence),
        facts=facts,
    )


def _to_relabel(evidence: Evidence) -> tuple[str, ...]:
    """Images that are fitted on whose labels other images contradict, or scores of probes that
    leave their patients out."""
    images = evidence.images
    rows = np.flatnonzero(images.fitting | images.validation)
    doubtful = images.contradicted[rows]
    scores = evidence.fitted_scores(rows)
    if scores is not None:
        clusters = intervals.cluster_index(images.clusters[rows])
        patients, labels, kept = _of_patients(scores, images.positive[rows], clusters)
        if min(labels.sum(), (~labels).sum()) >= FEWEST:
            deep = kept[confident_labels(patients, labels).is_deep]
            doubtful = doubtful | np.isin(clusters, deep)
    return tuple(str(name) for name in images.sample_ids[rows[doubtful]])


def _of_patients(scores: Floats, positive: Flags, clusters: Rows) -> tuple[Floats, Flags, Rows]:
    """Mean score and label of each patient, and its index; without those who have as many images of
    either class."""
    sizes = np.bincount(clusters)
    share = np.bincount(clusters, weights=positive) / sizes
    mean = np.bincount(clusters, weights=scores) / sizes
    kept = np.flatnonzero(share != 0.5)
    return mean[kept], share[kept] > 0.5, kept


def _contradiction(evidence: Evidence, contradicted: Flags) -> Finding:
    """Whether errors are contradicted more often than right predictions are."""
    wrong, clusters = evidence.wrong, evidence.clusters
    of_wrong, of_right = (
        intervals.shares(contradicted[:, None], side[:, None]) for side in (wrong, ~wrong)
    )
    ends = intervals.difference_interval(of_wrong, of_right, clusters, CONFIDENCE)
    held, sizes = (
        np.bincount(clusters, weights=each).astype(np.float64)
        for each in (wrong, np.ones(wrong.size))
    )
    p = np.nan
    if association.testable(held, sizes):
        column = association.scores(contradicted.astype(np.float64), ranked=False)
        p = association_of(column, wrong, clusters)
    return Finding(
        Cause.LABELS,
        effect=float(of_wrong.value[0] - of_right.value[0]),
        low=float(ends.low[0]),
        high=float(ends.high[0]),
        p=p,
        names=("contradicted",),
        facts={"errors": float(of_wrong.value[0]), "right": float(of_right.value[0])},
    )


def _without(scores: Floats, column: Floats, positive: Flags) -> Floats:
    """(n,) scores less what a column adds to them within the classes."""
    known = np.where(np.isfinite(column), column, np.nanmean(column))
    means = np.where(positive, known[positive].mean(), known[~positive].mean())
    centred = known - means
    spread = float(centred @ centred)
    return np.asarray(scores - (centred @ scores) / spread * known) if spread > 0 else scores
