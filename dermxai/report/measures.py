"""Measures of a run under a decision rule: where its thresholds come from, and all in words."""

from collections.abc import Collection, Iterable, Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.core.errors import InputError
from dermxai.core.formatting import count, fixed, jsonable, percent
from dermxai.metrics.decision import (
    ARGMAX,
    TARGETS,
    Criterion,
    DecisionRule,
    OperatingPoint,
    at_operating_point,
)
from dermxai.metrics.evaluation import Evaluation
from dermxai.metrics.measures import Measures, measured
from dermxai.metrics.regrouping import Regrouping
from dermxai.metrics.undefined import Undefined
from dermxai.report.evaluated import AS_IT_IS, evaluated
from dermxai.runs import Run

CHOSEN_ON = "validation"
"""The split that thresholds are chosen on."""

NAMES: Mapping[str, str] = {
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "accuracy": "Accuracy",
    "ppv": "PPV",
    "npv": "NPV",
    "ppv_at_prevalence": "PPV at prevalence",
    "npv_at_prevalence": "NPV at prevalence",
    "f1": "F1",
    "balanced_accuracy": "Balanced accuracy",
    "kappa": "Kappa",
    "mcc": "MCC",
    "auc": "AUC",
    "average_precision": "Average precision",
    "partial_auc": "Partial AUC",
}
CRITERIA: Mapping[Criterion, str] = {
    Criterion.YOUDEN: "Youden index",
    Criterion.SENSITIVITY: "Fixed sensitivity",
    Criterion.SPECIFICITY: "Fixed specificity",
    Criterion.EQUAL_ERROR: "Equal error rate",
    Criterion.COST_RATIO: "Cost ratio",
}
REASONS: Mapping[Undefined, str] = {
    Undefined.NO_IMAGES: "no image is measured",
    Undefined.NO_POSITIVES: "no image is of the class",
    Undefined.NO_NEGATIVES: "all images are of the class",
    Undefined.NONE_PREDICTED: "no image is predicted as the class",
    Undefined.ALL_PREDICTED: "all images are predicted as the class",
    Undefined.NOTHING_VARIES: "labels or predictions are all the same",
    Undefined.NO_THRESHOLD: "no threshold could be chosen for the class on the validation images",
    Undefined.NO_CLASS: "it is defined for no class",
    Undefined.FEW_UNITS: "too few patients or lesions for an interval",
    Undefined.NOT_HELD: "no interval holds the truth often enough in simulations",
    Undefined.OTHER_CLASSES: "the two averages are over different classes",
    Undefined.NOT_ONE_CLASS: "at operating points an image may be of several classes or of none",
}


def point_of(criterion: str, target: float | None = None) -> OperatingPoint | None:
    """The operating point of a criterion's name, with its usual target where none is named; None
    for argmax.

    Raises:
        InputError: there is no such criterion, or the target is not for it.
    """
    if criterion == ARGMAX.name:
        if target is not None:
            raise InputError(f"The target {target} came for argmax, which has none; leave it out.")
        return None
    try:
        found = Criterion(criterion)
    except ValueError:
        raise InputError(
            f"The decision rule {criterion!r} came; it is {ARGMAX.name}, or an operating point by "
            f"{', '.join(Criterion)}."
        ) from None
    return OperatingPoint(found, TARGETS.get(found) if target is None else target)


def rule_at(point: OperatingPoint | None, chosen_on: Evaluation, shown: Evaluation) -> DecisionRule:
    """The decision rule with the thresholds that validation patients choose; see `choosing`.

    Args:
        point: None for argmax.
        chosen_on: of the validation images.
        shown: of the images that the rule is for.

    Raises:
        InputError: no validation image has a label of the model, or none of other patients.
    """
    if point is None:
        return ARGMAX
    known, shared = choosing(chosen_on, shown)
    index = pd.Index(chosen_on.classes)
    return at_operating_point(
        point,
        index.get_indexer(pd.Index(chosen_on.true[known])),
        chosen_on.probabilities[known],
        units=int(np.unique(chosen_on.unit_of[known]).size),
        shared=shared,
    )


def choosing(chosen_on: Evaluation, shown: Evaluation) -> tuple[NDArray[np.bool_], int]:
    """Which validation images (n,) choose thresholds or a temperature, and how many of them are
    measured: those of patients who are not, unless the images themselves are.

    Raises:
        InputError: no validation image has a label of the model, or none is of another patient.
    """
    known = np.isin(chosen_on.true, chosen_on.classes)
    if not known.any():
        raise InputError(
            "No validation image has a label that the model knows, so nothing can be chosen "
            "on them."
        )
    measured = np.isin(shown.true, shown.classes)
    both = np.isin(chosen_on.sample_ids, shown.sample_ids[measured]) & known
    if not both[known].all():  # other images: of other patients alone
        apart = known & ~np.isin(chosen_on.unit_of, shown.unit_of[measured])
        if not apart.any():
            raise InputError(
                f"Every patient of the {count(int(known.sum()), 'validation image')} is measured, "
                "too, so nothing can be chosen on others; split by patient."
            )
        known = apart
    return known, int((both & known).sum())


def measures_of(
    run: Run,
    shown: Evaluation,
    point: OperatingPoint | None = None,
    prevalence: float | None = None,
    *,
    leaks: bool = True,
    regrouping: Regrouping = AS_IT_IS,
) -> Measures:
    """Every measure of a run's images under a decision rule.

    Args:
        shown: of these images, as `evaluated` gives it.
        point: None for argmax.
        prevalence: of a class, for predictive values at it.
        leaks: choose thresholds on images that leak from training, too.
        regrouping: of the images that are shown.

    Raises:
        InputError: no operating point can be chosen, or the prevalence is no share.
    """
    if point is None:
        return measured(shown, ARGMAX, prevalence)
    rule, *_ = rules_of(run, shown, (point,), leaks=leaks, regrouping=regrouping)
    return measured(shown, rule, prevalence)


def rules_of(
    run: Run,
    shown: Evaluation,
    points: Iterable[OperatingPoint],
    *,
    leaks: bool = True,
    regrouping: Regrouping = AS_IT_IS,
) -> list[DecisionRule]:
    """The decision rules with the thresholds that validation patients choose.

    Args:
        shown: of the images that they are for, as `evaluated` gives it.
        leaks, regrouping: as for `measures_of`.

    Raises:
        InputError: no operating point can be chosen.
    """
    if run.split is None or not (run.split == CHOSEN_ON).any():
        raise InputError(
            f"Run {run.id} has no {CHOSEN_ON} images, on which an operating point is chosen; take "
            "argmax, or a dataset with a validation split."
        )
    chosen_on = evaluated(run, CHOSEN_ON, leaks=leaks, regrouping=regrouping)
    return [rule_at(point, chosen_on, shown) for point in points]


def rule_in_words(rule: DecisionRule, clusters: str) -> str:
    """ "Decision rule: operating point (Youden index), chosen on 120 validation images of 60
    patients".

    Args:
        clusters: what the evaluation takes as independent.
    """
    if rule.point is None:
        return "Decision rule: argmax, the class with the highest score"
    name = CRITERIA[rule.point.criterion].lower()
    name = name.replace("youden", "Youden")
    target = rule.point.target
    if target is not None:
        cost = rule.point.criterion == Criterion.COST_RATIO
        name += f" {fixed(target, 2)} : 1" if cost else f" {percent(target)}"
    of = "" if clusters == "images" else f" of {count(rule.units, clusters.removesuffix('s'))}"
    chosen = f"chosen on {count(rule.images, 'validation image')}{of}"
    return f"Decision rule: operating point of each class ({name}), {chosen}"


def notes(found: Measures, names: Collection[str] = tuple(NAMES)) -> Iterator[str]:
    """What is to be known of the rule, and which classes have measures that are undefined.

    Args:
        names: of the measures that are shown.
    """
    rule = found.rule
    if rule.shared:
        yield (
            f"The operating points were chosen on {count(rule.shared, 'image')} of those that are "
            "measured: sensitivity and specificity are too high together."
        )
    lacking: dict[tuple[str, str], list[str]] = {}
    table = found.table[found.table["measure"].isin(names)]
    rows = table[table["value"].isna() & (table["scope"] == "class")]
    for code, of in rows.groupby("class", sort=False):
        for reason, part in of.groupby("reason", sort=False):
            measures = ", ".join(NAMES[name] for name in part["measure"])
            lacking.setdefault((str(reason), measures), []).append(str(code))
    for (reason, measures), codes in lacking.items():
        yield f"{', '.join(codes)}: {REASONS[Undefined(reason)]}; undefined: {measures}."


def to_table(found: Measures) -> pd.DataFrame:
    """The measures as a file has them: with the rule in every row, and each class's threshold."""
    rule, point = found.rule, found.rule.point
    thresholds = found.counts.set_index("class")["threshold"]
    return found.table.assign(
        threshold=found.table["class"].map(thresholds),
        decision_rule=rule.name,
        criterion=str(point.criterion) if point else "",
        target=np.nan if point is None or point.target is None else point.target,
        prevalence=np.nan if found.prevalence is None else found.prevalence,
    )


def as_json(found: Measures) -> object:
    """Rule, counts and measures, for programs."""
    rule = found.rule
    thresholds = [
        {
            "class": code,
            "threshold": each.value,
            "nothing_reaches_it": bool(np.isposinf(each.value)),
            "sensitivity": each.sensitivity,
            "specificity": each.specificity,
            "reason": each.reason,
        }
        for code, each in zip(found.counts["class"], rule.thresholds, strict=False)
    ]
    return jsonable(
        {
            "rule": rule.name,
            "criterion": rule.point.criterion if rule.point else None,
            "target": rule.point.target if rule.point else None,
            "chosen_on": {"split": CHOSEN_ON, "images": rule.images, "units": rule.units}
            if rule.point
            else None,
            "of_these_measured": rule.shared,
            "thresholds": thresholds,
            "prevalence": found.prevalence,
            "counts": found.counts.drop(columns="threshold").to_dict("records"),
            "measures": found.table.to_dict("records"),
            "notes": list(notes(found)),
        }
    )
