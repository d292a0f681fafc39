"""An evaluation: methods × measures over images of a run, resumable score by score."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.core import disk
from dermxai.core.errors import InputError
from dermxai.core.formatting import count
from dermxai.data import Problem, selection
from dermxai.explain.attribution.api import check_target, checked_settings, find_method, methods
from dermxai.explain.costs import timed
from dermxai.explain.faithfulness import evaluate
from dermxai.explain.faithfulness.files import FaithfulnessFiles
from dermxai.explain.faithfulness.measure import find_measure, measures
from dermxai.explain.faithfulness.results import (
    RUNNER_UP,
    EvaluationRequest,
    Results,
    write_results,
)
from dermxai.explain.faithfulness.scores import MASKS, ImageEvaluation, Row, Step

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier
    from dermxai.runs.run import Run

EVALUATING = "judging"
"""What an evaluation's work is, to `dermxai.explain.costs`."""
_FINENESSES = 3  # of the maps of an image, as a rule


def evaluate_maps(
    run: "Run",
    classifier: "Classifier",
    asked: EvaluationRequest,
    report: Callable[[int, int], None],
) -> Results:
    """Evaluates maps of a run's images and keeps what it finds with the run.

    Args:
        report: called often, with steps done and in all; whatever it raises stops the study.

    Raises:
        InputError: unknown method, measure, class, head, split or setting; nothing to evaluate; the
            classifier is not the one that made the run.
    """
    run.check_classifier(classifier)
    asked, skipped = resolved(run, classifier, asked)
    chosen = stratified(_strata(run), _asked_for(run, asked), asked.images, asked.seed)
    steps = len(asked.methods) + 1
    total = steps * len(chosen)
    rows: list[Row] = []
    problems: list[Problem] = []
    with disk.locked(FaithfulnessFiles.of(run.root).lock, waiting=lambda: report(0, total)):
        for number, position in enumerate(chosen):
            image = ImageEvaluation(run, classifier, asked, int(position))
            is_new = not image.scores
            try:
                with timed(classifier, EVALUATING, passes(classifier, asked) if is_new else 0):
                    rows += image.rows(_shifted(number * steps, total, report))
            except InputError as error:
                problems.append(Problem(image.sample_id, str(error)))
        if not rows:
            raise InputError(problems[0].reason if problems else "There is no image to evaluate.")
        report(total, total)
        table = pd.DataFrame(rows).astype({"value": np.float64})
        return write_results(run, asked, skipped, problems, table)


def _asked_for(run: "Run", asked: EvaluationRequest) -> NDArray[np.intp]:
    """Positions of the images among which some are drawn.

    Raises:
        InputError: no such split or selection, or none of its images is in the run.
    """
    rows = run.in_split(asked.split)
    if asked.selection is None:
        return rows
    named = selection.read(asked.selection)
    ids = run.samples["sample_id"].iloc[rows]
    rows = rows[ids.isin(named.sample_ids).to_numpy(dtype=bool)]
    if not rows.size:
        where = f"in the split {asked.split} of" if asked.split else "in"
        raise InputError(
            f"None of the {count(len(named), 'image')} selected is {where} run {run.id}; select "
            "others."
        )
    return rows


def available(run: "Run", classifier: "Classifier") -> tuple[list[str], list[str], dict[str, str]]:
    """Methods and measures that mean something for a run, and why the others do not."""
    skipped = {}
    for name, method in methods().items():
        if reason := method.excuse(classifier):
            skipped[name] = reason
    for name, measure in measures().items():
        if measure.needs and not has_mask(run, measure.needs):
            skipped[name] = f"The dataset has no {measure.needs} masks."
    return (
        [name for name in methods() if name not in skipped],
        [name for name in measures() if name not in skipped],
        skipped,
    )


def resolved(
    run: "Run", classifier: "Classifier", asked: EvaluationRequest
) -> tuple[EvaluationRequest, dict[str, str]]:
    """What was asked with its methods and measures by name, and why some of these, or of all where
    none is named, are left out.

    Raises:
        InputError: something that was named is not there, or is not available.
    """
    for name in asked.methods:
        find_method(name)
    for name in asked.measures:
        find_measure(name)
    for name, values in asked.settings.items():
        (evaluate.checked if name in measures() else checked_settings)(name, values)
    other = None if asked.against == RUNNER_UP else asked.against
    check_target(classifier, asked.target, other, asked.head)
    if asked.images < 1:
        raise InputError(f"{asked.images} images were asked for; expected at least 1.")
    known_methods, known_measures, skipped = available(run, classifier)
    wanted = [*asked.methods, *asked.measures]
    kept_methods = tuple(name for name in asked.methods or known_methods if name not in skipped)
    kept_measures = tuple(name for name in asked.measures or known_measures if name not in skipped)
    if not kept_methods or not kept_measures:
        reasons = " ".join(f"{name}: {skipped[name]}" for name in wanted if name in skipped)
        raise InputError(f"There is nothing to evaluate. {reasons}".strip())
    left_out = {
        name: reason
        for name, reason in skipped.items()
        if name in wanted or not (asked.methods if name in methods() else asked.measures)
    }
    return replace(asked, methods=kept_methods, measures=kept_measures), left_out


def passes(classifier: "Classifier", asked: EvaluationRequest) -> int:
    """What an image costs an evaluation of named methods and measures, in forward passes."""
    total = (_FINENESSES + 1) * _evaluating(classifier, asked, 0)
    for name in asked.methods:
        settings = checked_settings(name, asked.settings.get(name))
        cost = find_method(name).passes(classifier, settings)
        total += cost + _evaluating(classifier, asked, cost)
    return total


def _evaluating(classifier: "Classifier", asked: EvaluationRequest, map_passes: int) -> int:
    """What all measures of a map cost that itself costs ``map_passes``."""
    return sum(
        find_measure(name).passes(
            classifier, map_passes, evaluate.checked(name, asked.settings.get(name))
        )
        for name in asked.measures
    )


def stratified(
    strata: Sequence[str], among: NDArray[np.intp], count: int, seed: int
) -> NDArray[np.intp]:
    """Positions of at most ``count`` of the images in ``among``, in order: of each stratum as many
    as of the others while it lasts, drawn at random.

    Args:
        strata: (n,) of all images.
        among: positions to choose from.
    """
    shuffled = np.random.default_rng(seed).permutation(among)
    names = pd.Series(np.asarray(strata, dtype=object)[shuffled])
    turn = names.groupby(names).cumcount()
    order = np.argsort(turn.to_numpy(), kind="stable")
    return np.sort(shuffled[order[:count]])


def _shifted(done: int, total: int, report: Callable[[int, int], None]) -> Step:
    """Tells of an image's steps as part of the whole."""
    return lambda step: report(done + step, total)


def has_mask(run: "Run", kind: str) -> bool:
    """Whether an image of the run has a mask of this kind."""
    column = run.samples.get(MASKS[kind])
    return column is not None and bool(column.notna().any())


def _strata(run: "Run") -> list[str]:
    """(n,) the label, or what the image was predicted as where there is none."""
    labels = run.samples["label"]
    return labels.where(labels.notna(), run.predicted).astype("str").tolist()
