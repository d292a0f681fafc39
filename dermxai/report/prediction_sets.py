"""Prediction sets of a run: fitted on validation patients, measured on others."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dermxai import taxonomy
from dermxai.core.errors import InputError
from dermxai.core.formatting import count, jsonable, percent
from dermxai.metrics import conformal
from dermxai.metrics.conformal import COVERAGE, MeasuredSets, SetRule, fewest_images
from dermxai.metrics.decision import ARGMAX
from dermxai.metrics.evaluation import Evaluation
from dermxai.metrics.measure_estimates import Decisions
from dermxai.metrics.regrouping import Regrouping
from dermxai.report.evaluated import AS_IT_IS, evaluated
from dermxai.report.measures import CHOSEN_ON, choosing
from dermxai.runs import Run


@dataclass(frozen=True, eq=False)
class PredictionSets:
    """
    Attributes:
        classes: k codes.
        rule: that makes the sets.
        measured: what they hold.
        clusters: what is independent.
    """

    classes: tuple[str, ...]
    rule: SetRule
    measured: MeasuredSets
    clusters: str

    def exactly(self, codes: Sequence[str]) -> pd.DataFrame:
        """`MeasuredSets.exactly` of these classes, with codes, "" for all images."""
        found = self.measured.exactly({self.classes.index(code) for code in codes})
        return found.assign(of=[self.classes[of] if of >= 0 else "" for of in found["of"]])


def prediction_sets_of(
    run: Run,
    shown: Evaluation,
    coverage: float = COVERAGE,
    *,
    by_class: bool = False,
    leaks: bool = True,
    regrouping: Regrouping = AS_IT_IS,
) -> PredictionSets:
    """
    Args:
        shown: of the images that are measured, as `evaluated` gives it.
        coverage: share of images whose set is to hold the true class.
        by_class: a bound for each class.
        leaks: fit on images that leak from training, too.
        regrouping: of the images that are shown.

    Raises:
        InputError: there are no validation images of other patients, or the coverage is no share.
    """
    if run.split is None or not (run.split == CHOSEN_ON).any():
        raise InputError(
            f"Run {run.id} has no {CHOSEN_ON} images, on which prediction sets are fitted; take a "
            "dataset with a validation split."
        )
    on = evaluated(run, CHOSEN_ON, leaks=leaks, regrouping=regrouping)
    rows, shared = choosing(on, shown)
    rule = conformal.fitted_sets(
        pd.Index(on.classes).get_indexer(pd.Index(on.true[rows])),
        on.probabilities[rows],
        coverage,
        by_class=by_class,
        units=int(np.unique(on.unit_of[rows]).size),
        shared=shared,
    )
    made = Decisions.of(shown, ARGMAX)
    found = conformal.measured_sets(rule, made.true, made.scores, made.clusters, made.level)
    return PredictionSets(shown.classes, rule, found, shown.clusters)


def sets_or_why_not(
    run: Run,
    shown: Evaluation,
    coverage: float = COVERAGE,
    *,
    by_class: bool = False,
    leaks: bool = True,
    regrouping: Regrouping = AS_IT_IS,
) -> tuple[PredictionSets | None, str]:
    """`prediction_sets_of`, or None and why there are none.

    Raises:
        InputError: the coverage is no share.
    """
    conformal.check_coverage(coverage)
    try:
        found = prediction_sets_of(
            run, shown, coverage, by_class=by_class, leaks=leaks, regrouping=regrouping
        )
    except InputError as error:
        return None, str(error)
    return found, ""


def asked_for(texts: Sequence[str], classes: Sequence[str]) -> list[list[str]]:
    """Sets of classes of texts such as EAD+SD; the two that overlap by definition where none is
    given and the model has both.

    Raises:
        InputError: the model lacks a class.
    """
    if not texts:
        pair = list(taxonomy.OVERLAPPING)
        return [pair] if set(pair) <= set(classes) else []
    asked = [[code.strip() for code in text.split("+")] for text in texts]
    for code in (code for codes in asked for code in codes):
        if code not in classes:
            raise InputError(
                f"The model has no class {code!r}; choose some of {', '.join(classes)}."
            )
    return asked


def in_words(found: PredictionSets) -> str:
    """What the sets are to hold, and what they were fitted on."""
    rule = found.rule
    images = int(rule.images.sum() if rule.by_class else rule.images.max(initial=0))
    of = "" if found.clusters == "images" else f" of {count(rule.units, found.clusters[:-1])}"
    each = "each class" if rule.by_class else "all classes together"
    return (
        f"Sets that hold the true class of {percent(rule.coverage, 0)} of images, for {each}; "
        f"fitted on {count(images, 'validation image')}{of}."
    )


def notes(found: PredictionSets) -> Iterator[str]:
    """What is to be known of them."""
    rule = found.rule
    if rule.shared:
        yield (
            f"The sets were fitted on {count(rule.shared, 'image')} of those that are measured: "
            "their coverage is as asked for by construction."
        )
    few = [
        code for code, bound in zip(found.classes, rule.bounds, strict=True) if np.isposinf(bound)
    ]
    if few:
        least = count(fewest_images(rule.coverage), "image")
        yield (
            f"{', '.join(few)}: in every set, since fewer than {least} were there to fit a bound "
            "on."
        )


def as_json(found: PredictionSets, exactly: Sequence[Sequence[str]] = ()) -> dict[str, object]:
    """For programs.

    Args:
        exactly: sets of classes, told how often each is a prediction set.
    """
    rule, measured = found.rule, found.measured
    told: dict[str, object] = jsonable(
        {
            "coverage_asked_for": rule.coverage,
            "class_conditional": rule.by_class,
            "fitted_on": {"split": CHOSEN_ON, "images": rule.images, "units": rule.units},
            "of_these_measured": rule.shared,
            "highest_scores": dict(zip(found.classes, rule.bounds, strict=True)),
            "overall": measured.overall.to_dict("records")[0],
            "per_class": measured.by_class.assign(**{"class": list(found.classes)}).to_dict(
                "records"
            ),
            "sizes": measured.sizes.to_dict("records"),
            "exactly": {
                "+".join(codes): found.exactly(codes).to_dict("records") for codes in exactly
            },
            "notes": list(notes(found)),
        }
    )
    return told
