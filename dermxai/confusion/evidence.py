"""What the tests of causes share: scores and decisions of the images that are asked about, probes
that have not seen their patients, and estimates with their intervals."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dermxai.confusion.finding import Cause, Finding, Skipped
from dermxai.confusion.pair_images import ALL_HEADS, PairImages
from dermxai.metrics import border, intervals, probes
from dermxai.metrics.delong import areas
from dermxai.metrics.intervals import Estimates

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Rows = NDArray[np.intp]

CONFIDENCE = 0.95


class Evidence:
    """Of one pair; n images are asked about.

    Attributes:
        rows: (n,) of the pair's images.
        margins: (n,) of the first class over the second.
        positive: (n,) whether the label is the first class.
        clusters: (n,) index of each image's patient.
        wrong: (n,) errors of the decision between the two.
        scores: (n,) each, above 0 for the first class: the margins, and all that was tried.
        column: (n,) what errors are associated with, where that is told from chance.
    """

    def __init__(self, images: PairImages) -> None:
        self.images = images
        self.rows = np.flatnonzero(images.asked)
        self.margins = images.margins[self.rows]
        self.positive = images.positive[self.rows]
        self.clusters = intervals.cluster_index(images.clusters[self.rows])
        self.wrong = border.wrong(self.margins, self.positive)
        self.scores: list[Floats] = [self.margins]
        self.column: Floats | None = None
        self._probed: dict[str, Floats | None] = {}
        self._coordinates: dict[str, Floats] = {}

    def ids(self, at: Rows) -> tuple[str, ...]:
        """Sample ids of some of the images."""
        return tuple(str(name) for name in self.images.sample_ids[self.rows[at]])

    def clearest(self, at: Rows) -> tuple[str, ...]:
        """The same, those of the largest margins first."""
        return self.ids(at[np.argsort(-np.abs(self.margins[at]), kind="stable")])

    def missed_by_all(self) -> tuple[str, ...]:
        """Images that all scores take for the other class, the clearest first."""
        heads = self.images.heads[self.rows]
        others = [each[self.rows] for each in self.images.others.values()]
        every = np.column_stack([*self.scores, heads, *others])
        return self.clearest(
            np.flatnonzero(border.wrong(every, self.positive[:, None]).all(axis=1))
        )

    def without_probe(self, cause: Cause) -> Finding | None:
        """Why no probe can be fitted; None where one can."""
        images = self.images
        if ALL_HEADS not in images.spaces:
            return Finding(cause, Skipped.NO_FEATURES)
        fitting = images.fitting if images.fitting.any() else images.pool | images.asked
        if lacking := images.lacking(fitting):
            return Finding(cause, Skipped.FEW_FITTED, names=lacking)
        return None

    def probed(self, space: str) -> Floats | None:
        """(n,) scores of a probe on features that has not seen the patients; None where it cannot
        be fitted."""
        if space not in self._probed:
            self._probed[space] = self._probe(space)
        return self._probed[space]

    def of_part(self, share: float, seed: int) -> Floats:
        """(n,) scores of a probe on all heads' features of a random part of the training
        patients."""
        images, rows = self.images, np.flatnonzero(self.images.fitting)
        positive = images.positive[rows]
        clusters = intervals.cluster_index(images.clusters[rows])
        kept = probes.share_of_patients(positive, clusters, share, seed)
        at = self._at(ALL_HEADS)
        probe = probes.fitted(
            at[rows[kept]], positive[kept], intervals.cluster_index(clusters[kept])
        )
        return probe.scores(at[self.rows])

    def held_out(self, numbers: NDArray[np.floating]) -> Floats:
        """(n,) scores by a probe on numbers (of all images, d) of the other patients; NaN where one
        class has none."""
        return self._held_out(probes.coordinates(numbers, self.images.pool))

    def fitted_scores(self, rows: Rows) -> Floats | None:
        """(r,) scores of images of the pair that are fitted on, by probes on all heads' features
        that leave their patients out; None where there are none."""
        images = self.images
        if ALL_HEADS not in images.spaces or not images.fitting.any():
            return None
        scores = probes.held_out(
            self._at(ALL_HEADS)[rows],
            images.positive[rows],
            intervals.cluster_index(images.clusters[rows]),
            np.ones(rows.size, dtype=bool),
        )
        return None if np.isnan(scores).any() else scores

    def agreed(self) -> Floats:
        """(n,) mean of the calibrated logits of network and probe, each by the other patients."""
        probed = self._probed.get(ALL_HEADS)
        own = [self.margins] if probed is None else [self.margins, probed]
        fold = probes.folds(self.positive, self.clusters, probes.FOLDS)
        told = np.zeros(self.margins.size)
        for scores in own:
            for held in range(probes.FOLDS):
                there, here = fold == held, fold != held
                slope, intercept = border.calibrated(scores[here], self.positive[here])
                told[there] += (slope * scores[there] + intercept) / len(own)
        return told

    def moved(self, cause: Cause, by: float) -> Finding:
        """What an offset of the margin mends."""
        after = self.margins + by
        wrong = border.wrong(after, self.positive)
        mended = np.flatnonzero(self.wrong & ~wrong)
        found = self.estimated(cause, border.mended(self.margins, after, self.positive))
        return replace(
            found,
            support=self.clearest(mended),
            facts={
                "offset": by,
                "before": self._balanced(self.wrong),
                "after": self._balanced(wrong),
                "mended": float(mended.size),
                "broken": float((~self.wrong & wrong).sum()),
            },
        )

    def better(
        self, cause: Cause, after: Floats, before: Floats, among: Flags | None = None
    ) -> Finding:
        """By how much one score ranks better than another."""
        rows = np.ones(after.size, dtype=bool) if among is None else among
        one, other = (area(each[rows], self.positive[rows]) for each in (after, before))
        found = self.estimated(cause, one.minus(other), rows)
        return replace(found, facts={"before": float(other.value[0]), "after": float(one.value[0])})

    def estimated(self, cause: Cause, estimates: Estimates, among: Flags | None = None) -> Finding:
        """An effect with its interval and p-value over patients."""
        clusters = self.clusters if among is None else intervals.cluster_index(self.clusters[among])
        ends = intervals.student_interval(estimates, clusters, CONFIDENCE)
        return Finding(
            cause,
            effect=float(estimates.value[0]),
            low=float(ends.low[0]),
            high=float(ends.high[0]),
            p=float(intervals.student_test(estimates, clusters)[0]),
        )

    def turned(self, scores: Floats) -> tuple[str, ...]:
        """Errors of the network that other scores take for their class."""
        slope, intercept = border.calibrated(scores, self.positive)
        right = ~border.wrong(slope * scores + intercept, self.positive)
        return self.clearest(np.flatnonzero(self.wrong & right))

    def _balanced(self, wrong: Flags) -> float:
        return float((wrong[self.positive].mean() + wrong[~self.positive].mean()) / 2)

    def _at(self, space: str) -> Floats:
        """Coordinates of all images of the pair."""
        if space not in self._coordinates:
            images = self.images
            fitting = images.fitting if images.fitting.any() else images.pool
            self._coordinates[space] = probes.coordinates(images.spaces[space], fitting)
        return self._coordinates[space]

    def _probe(self, space: str) -> Floats | None:
        images, at = self.images, self._at(space)
        if not images.fitting.any():
            found = self._held_out(at)
            return None if np.isnan(found).any() else found
        rows = np.flatnonzero(images.fitting)
        clusters = intervals.cluster_index(images.clusters[rows])
        return probes.fitted(at[rows], images.positive[rows], clusters).scores(at[self.rows])

    def _held_out(self, at: Floats) -> Floats:
        images = self.images
        pool = np.flatnonzero(images.pool | images.asked)
        found = np.full(len(at), np.nan)
        found[pool] = probes.held_out(
            at[pool],
            images.positive[pool],
            intervals.cluster_index(images.clusters[pool]),
            images.asked[pool],
        )
        return found[self.rows]


def area(scores: Floats, positive: Flags) -> Estimates:
    """Pair AUC of scores (n,)."""
    return areas(positive[:, None], scores[:, None])


def mean_area(scores: Floats, positive: Flags) -> Estimates:
    """The mean pair AUC of several scores (n, k)."""
    each = areas(np.repeat(positive[:, None], scores.shape[1], axis=1), scores)
    return replace(
        each,
        value=each.value.mean(keepdims=True),
        influences=each.influences.mean(axis=1, keepdims=True),
        sides=each.sides[:, :, :1],
        scale=each.scale.mean(axis=1, keepdims=True),
    )
