"""Two to six classifiers on the same images: measures under a decision rule, paired differences
with intervals and p-values, and how far predictions agree.

Images are joined by their ids; those count that every classifier has predicted, with one label that
all of them know. Measures are of the classes that all know; decisions stay those among all classes
of each classifier, so that a prediction of another class is an error. Differences are a first
classifier less a second, with Newcombe's intervals: of shares from what either alone has right, of
areas from the intervals of both and their correlation (`intervals.difference_interval`). p-values
are `paired`'s, adjusted for the number of pairs (Holm) of each measure.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai import taxonomy
from dermxai.core.errors import InputError
from dermxai.metrics import agreement, intervals, ranking
from dermxai.metrics.decision import ARGMAX, DecisionRule
from dermxai.metrics.evaluation import Evaluation
from dermxai.metrics.intervals import Estimates
from dermxai.metrics.measure_estimates import Decisions
from dermxai.metrics.multiplicity import holm
from dermxai.metrics.notes import Note, Reason
from dermxai.metrics.paired_measures import MACRO, estimates_of, measured, pair_differences
from dermxai.metrics.ranking import RocCurve
from dermxai.metrics.shared_images import joined
from dermxai.metrics.summary import unmeasured
from dermxai.metrics.undefined import Undefined

Strings = NDArray[np.object_]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

FEWEST, MOST = 2, 6
"""Classifiers of a comparison."""
_ABOUT_ALL = (Reason.OWNERS_UNKNOWN, Reason.EACH_BY_ITSELF)


@dataclass(frozen=True, eq=False)
class Model:
    """
    Attributes:
        name: tells it from the others.
        rule: with thresholds for all classes of the evaluation.
    """

    name: str
    evaluation: Evaluation
    rule: DecisionRule = ARGMAX


@dataclass(frozen=True, eq=False)
class Comparison:
    """m classifiers on n images of k classes.

    Attributes:
        classes: that all of them know.
        true: (n,) codes.
        predicted: (m, n) codes, of any class of the classifier.
        own: (m, n) probability that each gives to the label.
        table: a row a classifier, scope ("class", `MACRO`, `ALL`), class and measure: ``model``,
            ``scope``, ``class``, ``measure``, ``value``, ``low``, ``high``, ``reason``; of all
            classes together the top-1 accuracy, which operating points have not.
        differences: the same of each pair, a ``first`` less a ``second``, in place of the model:
            ``difference``, ``low``, ``high``, ``p``, ``p_holm``, ``reason``.
        kappas: a row a pair: ``first``, ``second``, ``same`` (images with one prediction),
            ``kappa`` of the two predictions, ``low``, ``high``, ``reason``.
        roc: by classifier and class; `MACRO` is their average.
        counts: a row a class: ``class``, ``images``, ``units``.
        clusters: what is taken as independent, ``units`` of them.
        notes: what is left out or undefined, and why.
    """

    names: tuple[str, ...]
    classes: tuple[str, ...]
    sample_ids: Strings
    true: Strings
    predicted: Strings
    own: Floats
    table: pd.DataFrame
    differences: pd.DataFrame
    kappas: pd.DataFrame
    roc: Mapping[str, Mapping[str, RocCurve]]
    counts: pd.DataFrame
    rules: tuple[DecisionRule, ...]
    clusters: str
    units: int
    level: float
    notes: tuple[Note, ...]

    @cached_property
    def right(self) -> Bools:
        """(m, n) whether the label is predicted, the class with the highest score."""
        right: Bools = self.predicted == self.true
        return right

    def pairs(self) -> list[tuple[str, str]]:
        """Of classifiers, in their order."""
        return list(combinations(self.names, 2))

    def matrix(self, name: str) -> pd.DataFrame:
        """Images by label (row) and prediction (column) of a classifier: the shared classes first,
        in one order, then whatever else one of them predicts; alike for all."""
        rows = taxonomy.ordered(self.classes)
        others = set(self.predicted.ravel()) - set(rows)
        found = pd.crosstab(
            pd.Series(self.true, dtype=object),
            pd.Series(self.predicted[self.names.index(name)], dtype=object),
        )
        columns = [*rows, *taxonomy.ordered(others)]
        table = found.reindex(index=rows, columns=columns, fill_value=0)
        return table.rename_axis(index=None, columns=None)

    def select(self, right: Sequence[str] = (), wrong: Sequence[str] = ()) -> list[str]:
        """Ids of the images that some classifiers predict correctly and others do not, those first
        whose labels get the most different probabilities; the lowest where no one is right."""
        at = [[self.names.index(name) for name in names] for names in (right, wrong)]
        chosen = self.right[at[0]].all(axis=0) & ~self.right[at[1]].any(axis=0)
        apart = sum((self.own[each].mean(axis=0) for each in at[:1] if each), np.zeros(chosen.size))
        if at[1]:
            apart = apart - self.own[at[1]].mean(axis=0)
        positions = np.flatnonzero(chosen)
        order = np.argsort(-apart[positions], kind="stable")
        return [str(name) for name in self.sample_ids[positions[order]]]


def compare(models: Sequence[Model], other: Collection[str] = ()) -> Comparison:
    """Compares classifiers on the images that all of them have predicted.

    Args:
        models: two to six, under rules of one kind.
        other: ids that stand for several images.

    Raises:
        InputError: as `shared_images.joined`; too few or too many models, two of one name, or
            rules of different kinds.
    """
    if not FEWEST <= len(models) <= MOST:
        raise InputError(f"{len(models)} models came to be compared; expected {FEWEST} to {MOST}.")
    names = tuple(model.name for model in models)
    if len(set(names)) < len(names):
        raise InputError(f"The models {', '.join(names)} came; each needs a name of its own.")
    if len({model.rule.point for model in models}) > 1:
        raise InputError("Models came under different decision rules; compare them under one.")
    evaluations = [model.evaluation for model in models]
    shared = joined(evaluations, other)
    owner = min(
        zip(evaluations, shared.rows, strict=True),
        key=lambda each: np.unique(each[0].unit_of[each[1]]).size,
    )
    units = owner[0].unit_of[owner[1]]
    clusters = intervals.cluster_index(units)
    made = [
        _decided(model, rows, shared.classes, clusters)
        for model, rows in zip(models, shared.rows, strict=True)
    ]
    member = made[0].member
    # classes that every rule decides
    decided = np.logical_and.reduce([each.decided for each in made])
    made = [replace(each, decided=decided) for each in made]
    every = [estimates_of(each) for each in made]
    argmax = models[0].rule.point is None
    counted = pd.DataFrame(
        {
            "class": list(shared.classes),
            "images": member.sum(axis=0),
            "units": intervals.patients_with(member, clusters),
        }
    )
    predicted = np.stack(
        [each.predicted[rows] for each, rows in zip(evaluations, shared.rows, strict=True)]
    )
    held = int(np.unique(clusters).size)
    about = [note for each in evaluations for note in (*each.on_images, *each.on_measures)]
    about = [note for note in dict.fromkeys(about) if note.reason in _ABOUT_ALL]
    return Comparison(
        names=names,
        classes=shared.classes,
        sample_ids=evaluations[0].sample_ids[shared.rows[0]],
        true=evaluations[0].true[shared.rows[0]],
        predicted=predicted,
        own=np.stack([each.scores[np.arange(len(member)), each.true] for each in made]),
        table=pd.concat(
            [
                measured(one, each, shared.classes, argmax).assign(model=name)
                for name, one, each in zip(names, made, every, strict=True)
            ],
            ignore_index=True,
        )[["model", "scope", "class", "measure", "value", "low", "high", "reason"]],
        differences=_differences(names, made, every, shared.classes, argmax),
        kappas=_kappas(names, predicted, clusters, made[0].level),
        roc={name: _curves(each, shared.classes) for name, each in zip(names, made, strict=True)},
        counts=counted,
        rules=tuple(model.rule for model in models),
        clusters=owner[0].clusters,
        units=held,
        level=made[0].level,
        notes=(*shared.notes, *about, *unmeasured(counted, held)),
    )


def _decided(
    model: Model, rows: NDArray[np.intp], classes: Sequence[str], clusters: NDArray[np.intp]
) -> Decisions:
    """What a rule decided of the shared classes; the index of another prediction is −1."""
    given, rule, index = model.evaluation, model.rule, pd.Index(classes)
    column = pd.Index(given.classes).get_indexer(index)
    true = index.get_indexer(pd.Index(given.true[rows]))
    predicted = index.get_indexer(pd.Index(given.predicted[rows]))
    scores = given.probabilities[rows][:, column]
    thresholds = tuple(rule.thresholds[at] for at in column) if rule.point else ()
    own = replace(rule, thresholds=thresholds)
    without = [each.reason is not None for each in thresholds] or [False] * len(index)
    return Decisions(
        true,
        predicted,
        true[:, None] == np.arange(len(index)),
        own.decisions(predicted, scores),
        scores,
        ~np.array(without),
        clusters,
        given.level,
    )


def _differences(
    names: Sequence[str],
    made: Sequence[Decisions],
    every: Sequence[Mapping[str, Estimates]],
    classes: Sequence[str],
    argmax: bool,
) -> pd.DataFrame:
    """Of all pairs, with adjusted p-values."""
    parts = []
    for one, other in combinations(range(len(names)), 2):
        both = made[one], made[other]
        found = pair_differences(both, every[one], every[other], classes, argmax)
        parts.append(found.assign(first=names[one], second=names[other]))
    table = pd.concat(parts, ignore_index=True)
    by_pair = table["p"].to_numpy().reshape(len(parts), -1)
    table["p_holm"] = holm(by_pair.T).T.ravel()
    columns = ["first", "second", "scope", "class", "measure", "difference", "low", "high"]
    return table[[*columns, "p", "p_holm", "reason"]]


def _kappas(
    names: Sequence[str], predicted: Strings, clusters: NDArray[np.intp], level: float
) -> pd.DataFrame:
    """Cohen's kappa of the predictions of each pair, of all classes that either predicts."""
    codes, flat = np.unique(predicted.astype(str), return_inverse=True)
    index = flat.reshape(predicted.shape)
    rows = []
    for one, other in combinations(range(len(names)), 2):
        found = agreement.agreement("kappa", index[one], index[other], codes.size)
        ends = intervals.score_interval(found, clusters, level)
        value, low, high = (2 * float(each[0]) - 1 for each in (found.value, ends.low, ends.high))
        why = Undefined.FEW_UNITS if np.isnan(low) else ""
        rows.append(
            {
                "first": names[one],
                "second": names[other],
                "same": int((index[one] == index[other]).sum()),
                "kappa": value,
                "low": low,
                "high": high,
                "reason": str(Undefined.NOTHING_VARIES if np.isnan(value) else why),
            }
        )
    return pd.DataFrame(rows)


def _curves(made: Decisions, classes: Sequence[str]) -> dict[str, RocCurve]:
    curves = {
        code: ranking.roc_curve(made.member[:, k], made.scores[:, k])
        for k, code in enumerate(classes)
    }
    return curves | {MACRO: ranking.macro_average(list(curves.values()))}
