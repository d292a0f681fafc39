"""Class by class, as Tables 4 and 5 of Zhu et al. 2021 (doi:10.3389/fmed.2021.626369): readers'
mean sensitivity, specificity, accuracy, AUC and kappa, the device's, and their difference, for
other readers and other cases, or for these readers, or these cases.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.metrics import intervals
from dermxai.metrics.delong import areas
from dermxai.metrics.mrmc.device import against_device
from dermxai.metrics.mrmc.figures import Covariance, Figure, covariance, measured
from dermxai.metrics.mrmc.obuchowski_rockette import Estimate, Generalises, single
from dermxai.metrics.mrmc.ratings import Ratings
from dermxai.metrics.multiplicity import holm
from dermxai.metrics.rater_agreement import estimated, kappa, pair_statistics
from dermxai.readers.analysis.outcomes import AT, PROPORTIONS, Outcomes

Floats = NDArray[np.float64]

ALL = "all classes"
AUC, KAPPA = "auc", "kappa"
MEASURES = ("sensitivity", "specificity", "accuracy", AUC, KAPPA)


@dataclass(frozen=True, eq=False)
class ClassTable:
    """
    Attributes:
        rows: a row a class and measure: ``class``, ``measure``, ``cases`` and ``patients`` of the
            class, the ``readers``' mean with ``readers_low`` and ``_high``, the ``device``'s, and
            the ``difference``, readers less device, with ``low``, ``high``, ``p``, and ``p_holm``
            of all classes together. `ALL` has accuracy and kappa of all classes at once. The device
            is under argmax there.
        operating: the same of the device at its operating points, by their name in ``points``;
            readers have none, so that theirs are their answers. Empty where the device has none.
        points: a row a reader and class, the device last: where it lies in the ROC plane.
        to: whom the intervals apply to.
        readers: how many there are.
    """

    rows: pd.DataFrame
    operating: pd.DataFrame
    points: pd.DataFrame
    to: Generalises
    readers: int


def class_table(
    outcomes: Outcomes, arm: int = 0, to: Generalises = Generalises.BOTH, level: float = 0.95
) -> ClassTable:
    """Of one arm.

    Args:
        outcomes: of a study.
        arm: by index.
        to: whom intervals apply to; one reader tells of other cases alone.
        level: of intervals.
    """
    study = outcomes.study
    seen = (outcomes.chosen[arm] >= 0).any(axis=1)
    rows, points = [], []
    names = [*(each.reader_id for each in study.readers), study.device and study.device.name]
    for code, name in enumerate(study.classes):
        member = study.truth == code
        told = {
            "class": name,
            "cases": int(member.sum()),
            "patients": int(np.unique(study.clusters[member]).size),
        }
        found = dict(_measures(outcomes, arm, code, level))
        rows += [told | {"measure": each} | compared(*found[each], to, level) for each in MEASURES]
        for place, reader in enumerate(names):
            own = {each: float(found[each][0][place]) for each in MEASURES}
            if np.isfinite(list(own.values())).any():
                points.append(
                    {
                        "reader": reader,
                        "device": place == len(study.readers),
                        "class": name,
                        **own,
                        "answers": int((outcomes.beside(arm)[place] >= 0).sum()),
                    }
                )
    whole = {
        "class": ALL,
        "cases": len(study.cases),
        "patients": int(np.unique(study.clusters).size),
    }
    for measure, found_ in _of_all(outcomes, arm, level):
        rows.append(whole | {"measure": measure} | compared(*found_, to, level))
    operating = pd.DataFrame(list(_at_operating_points(outcomes, arm, to, level)))
    table, curve = _adjusted(pd.DataFrame(rows)), pd.DataFrame(points)
    return ClassTable(table, _adjusted(operating), curve, to, int(seen.sum()))


def within(table: pd.DataFrame, least: float | pd.Series = 0.0) -> pd.DataFrame:
    """With the ends of readers' means where such a number can be, from ``least`` to 1."""
    names = ["readers_low", "readers_high"]
    return table.assign(**{name: table[name].clip(least, 1.0) for name in names})


def _adjusted(table: pd.DataFrame) -> pd.DataFrame:
    """With ``p_holm`` of all classes of a measure, and ends of means that can be."""
    if table.empty:
        return table
    table = within(table, table["measure"].map(lambda measure: -1.0 if measure == KAPPA else 0.0))
    table["p_holm"] = np.nan
    for measure in MEASURES:
        asked = ((table["measure"] == measure) & (table["class"] != ALL)).to_numpy()
        table.loc[asked, "p_holm"] = holm(table.loc[asked, "p"].to_numpy())
    return table


def _at_operating_points(
    outcomes: Outcomes, arm: int, to: Generalises, level: float
) -> Iterator[dict[str, object]]:
    study = outcomes.study
    for points in study.device.decisions if study.device is not None else ():
        for code, name in enumerate(study.classes):
            member = study.truth == code
            told = {
                "points": points,
                "class": name,
                "cases": int(member.sum()),
                "patients": int(np.unique(study.clusters[member]).size),
            }
            decided = outcomes.decided(arm, code, points)
            for measure, found in _of_decisions(decided, level):
                yield told | {"measure": measure} | compared(*found, to, level)


Found = tuple[Floats, Floats, tuple[float, float]]
"""Values (r + 1,), the device's last, covariance (r + 1, r + 1), and the device's interval."""


def _measures(outcomes: Outcomes, arm: int, code: int, level: float) -> Iterator[tuple[str, Found]]:
    ranked, clusters = outcomes.ranked(arm, code), outcomes.study.clusters
    yield from _of_decisions(outcomes.called(arm, code), level)
    values, errors = figures_of(ranked, Figure.AUC)
    own, known = ranked.scores[0, -1], np.isfinite(ranked.scores[0, -1])
    ends = np.nan, np.nan
    if known.any() and np.isfinite(values[-1]):
        estimate = areas(ranked.diseased[known, None], own[known, None])
        units = intervals.cluster_index(clusters[known])
        found = intervals.score_interval(estimate, units, level)
        ends = float(found.low[0]), float(found.high[0])
    yield AUC, (values, errors, ends)


def _of_decisions(called: Ratings, level: float) -> Iterator[tuple[str, Found]]:
    """Of readers and, last, the device, who call each case a class, 1, or not, 0."""
    for figure in PROPORTIONS:
        values, errors = figures_of(called, figure)
        yield str(figure), (values, errors, device_interval(called, figure, level))
    own = called.scores[0]
    answers = np.where(np.isfinite(own), own, -1).astype(np.intp)
    yield KAPPA, _kappas(called.diseased.astype(np.intp), answers, 2, called.clusters, level)


def _of_all(outcomes: Outcomes, arm: int, level: float) -> Iterator[tuple[str, Found]]:
    answers, study = outcomes.beside(arm), outcomes.study
    right = outcomes.right(answers[None])
    values, errors = figures_of(right, Figure.SENSITIVITY)
    yield "accuracy", (values, errors, device_interval(right, Figure.SENSITIVITY, level))
    yield KAPPA, _kappas(study.truth, answers, len(study.classes), study.clusters, level)


def figures_of(ratings: Ratings, figure: Figure) -> tuple[Floats, Floats]:
    """Of the first treatment, (r,), and their covariance over cases, (r, r)."""
    found = measured(ratings, figure, AT)
    errors = covariance(ratings, figure, Covariance.DELONG, AT)
    return found.figures[0], errors[0, :, 0]


def device_interval(ratings: Ratings, figure: Figure, level: float) -> tuple[float, float]:
    """Wilson's interval of the device's proportion, with the design effect of patients."""
    own = ratings.scores[0, -1]
    counting = {Figure.SENSITIVITY: ratings.diseased, Figure.SPECIFICITY: ~ratings.diseased}
    counted = np.isfinite(own) & counting.get(figure, np.ones(own.size, dtype=bool))
    if not counted.any():
        return np.nan, np.nan
    right = ((own >= AT) == ratings.diseased)[:, None]
    estimate = intervals.shares(right, counted[:, None])
    found = intervals.score_interval(estimate, intervals.cluster_index(ratings.clusters), level)
    return float(found.low[0]), float(found.high[0])


def _kappas(
    truth: NDArray[np.intp],
    answers: NDArray[np.intp],
    classes: int,
    clusters: NDArray[np.intp],
    level: float,
) -> Found:
    """Kappa with the reference, and its covariance by the jackknife of clusters."""
    groups = int(clusters.max(initial=-1)) + 1
    values, left = np.empty(len(answers)), np.empty((len(answers), groups))
    ends = np.nan, np.nan
    for place, own in enumerate(answers):
        statistics = pair_statistics(truth, own, classes)
        summed = np.zeros((groups, statistics.shape[1]))
        np.add.at(summed, clusters, statistics)
        values[place] = kappa(summed.sum(axis=0))
        left[place] = kappa(summed.sum(axis=0) - summed)
        if place == len(answers) - 1 and np.isfinite(values[place]):
            found = estimated(statistics, kappa, clusters, level=level)
            ends = found.low, found.high
    gaps = left - left.mean(axis=1, keepdims=True)
    return values, (groups - 1) / groups * gaps @ gaps.T, ends


def compared(
    values: Floats,
    errors: Floats,
    ends: tuple[float, float],
    to: Generalises,
    level: float,
) -> dict[str, float]:
    """Readers' mean, the device, and their difference.

    Args:
        values, errors, ends: see `Found`.
        to: whom intervals and p apply to.
        level: of intervals.
    """
    known = np.flatnonzero(np.isfinite(values[:-1]))
    told = dict.fromkeys(
        ("readers", "readers_low", "readers_high", "difference", "low", "high", "p"), np.nan
    )
    if known.size:
        mean = single(values[known], errors[np.ix_(known, known)], to, level=level)
        told |= {"readers": mean.value} | _ends(mean, "readers_low", "readers_high")
    told |= {"device": float(values[-1]), "device_low": ends[0], "device_high": ends[1]}
    if known.size and np.isfinite(values[-1]):
        apart = against_device(values, errors, level=level).differences[to]
        told |= {"difference": apart.value, "p": apart.p} | _ends(apart, "low", "high")
    return told


def _ends(found: Estimate, low: str, high: str) -> dict[str, float]:
    return {low: found.low, high: found.high}
