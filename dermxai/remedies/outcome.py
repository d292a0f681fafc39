"""What a stack of remedies comes to, beside the unchanged network."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.core.errors import InputError
from dermxai.core.formatting import count
from dermxai.data.splits import owners
from dermxai.metrics.evaluation import Evaluation, evaluate
from dermxai.metrics.measure_changes import MeasureChanges, measure_changes
from dermxai.metrics.measures import Measures, measured
from dermxai.metrics.regrouping import Predictions, merged
from dermxai.remedies.images import TEST, VALIDATION, outputs_of
from dermxai.remedies.looks import looks, note_look
from dermxai.remedies.outputs import Merged, Outputs, Strings
from dermxai.remedies.stack import FittedStack
from dermxai.runs import Run

MENDED, BROKEN, OTHER, UNKNOWN = "mended", "broken", "wrong otherwise", "no label"
"""What a changed prediction is: right now, right before, right at neither, or of no known class."""
SPLITS = (VALIDATION, TEST)


@dataclass(frozen=True, eq=False)
class Outcome:
    """
    Attributes:
        split: whose images are measured.
        before, after: the unchanged network, under the same merges, and the changed one.
        measures: of both, under the decision rule of each.
        paired: their differences.
        changed: a row an image whose highest class is another one: ``sample_id``, ``label``,
            ``before``, ``after`` and ``change`` (`MENDED`, …).
        test_looks: with how many stacks the test was looked at.
        notes: what is to be known of it.
    """

    fitted: FittedStack
    split: str
    before: Evaluation
    after: Evaluation
    measures: tuple[Measures, Measures]
    paired: MeasureChanges
    changed: pd.DataFrame
    test_looks: int
    notes: tuple[str, ...]

    @property
    def losing(self) -> pd.DataFrame:
        """Rows of `MeasureChanges.table` of classes whose sensitivity or specificity is lower, the
        largest loss first."""
        table = self.paired.table
        kinds = table["measure"].isin(("sensitivity", "specificity")) & (table["scope"] == "class")
        lower = table[kinds & (table["difference"] < 0)]
        return lower.sort_values("difference", kind="stable", ignore_index=True)


def outcome(fitted: FittedStack, split: str = VALIDATION, *, by: str = "") -> Outcome:
    """Measures a stack. A look at the test is noted in the run's folder first.

    Args:
        split: `VALIDATION` or `TEST`.
        by: who looks.

    Raises:
        InputError: no such split, or no image of it; logits that are no finite numbers; or the look
            cannot be noted.
    """
    run = fitted.run
    if split not in SPLITS:
        raise InputError(
            f"The split {split!r} came; remedies are measured on {' or '.join(SPLITS)}."
        )
    rows = fitted.division.test
    if split == TEST:
        if not rows.size:
            raise InputError(f"Run {run.id} has no test image; measure the validation images.")
        seen = note_look(run.root, fitted.stack, by)
    else:
        rows = fitted.division.validation
        seen = len(looks(run.root))
        if not rows.size:
            raise InputError(
                f"Run {run.id} has no validation image of patients of its own; measure the test "
                "images."
            )
    base = outputs_of(run, rows)
    made = fitted.applied(base)
    before, after = _unchanged(fitted, base, rows), _evaluated(fitted, made, rows)
    measures = measured(before), measured(after, fitted.rule)
    return Outcome(
        fitted,
        split,
        before,
        after,
        measures,
        measure_changes(before, after, measures),
        _changed(before, after),
        seen,
        tuple(_notes(fitted, split)),
    )


def _labels(run: Run, rows: NDArray[np.intp]) -> Strings:
    labels: Strings = run.samples["label"].iloc[rows].fillna("").astype(str).to_numpy(dtype=object)
    return labels


def _owners(run: Run, rows: NDArray[np.intp]) -> dict[str, Strings]:
    """Patients and lesions, "" where unknown."""
    told = owners(run.samples)
    return {
        name: told[name].iloc[rows].fillna("").astype(str).to_numpy(dtype=object)
        if name in told
        else np.full(len(rows), "", dtype=object)
        for name in ("patient_id", "lesion_id")
    }


def _evaluated(fitted: FittedStack, outputs: Outputs, rows: NDArray[np.intp]) -> Evaluation:
    of = _owners(fitted.run, rows)
    return evaluate(
        fitted.labelled(_labels(fitted.run, rows)),
        outputs.classes,
        outputs.logits,
        outputs.sample_ids,
        of["patient_id"],
        lesion_ids=of["lesion_id"],
        activation=outputs.activation,
        probabilities=outputs.given,
    )


def _unchanged(fitted: FittedStack, base: Outputs, rows: NDArray[np.intp]) -> Evaluation:
    """The network as it is; where classes are taken as one, its decisions stay."""
    of = _owners(fitted.run, rows)
    given = Predictions(
        base.classes,
        _labels(fitted.run, rows),
        base.logits,
        base.probabilities,
        base.sample_ids,
        of["patient_id"],
        of["lesion_id"],
    )
    merges = [change for change in fitted.changes if isinstance(change, Merged)]
    for change in merges:
        given = merged(given, change.merges)
    return evaluate(
        given.labels,
        given.classes,
        given.scores,
        given.ids,
        given.patients,
        lesion_ids=given.lesions,
        activation=base.activation,
        probabilities=given.probabilities if merges else base.given,
    )


def _changed(before: Evaluation, after: Evaluation) -> pd.DataFrame:
    moved = before.predicted != after.predicted
    known = np.isin(before.true, before.classes)
    was, now = (each.predicted == each.true for each in (before, after))
    kind = np.select([~known, now, was], [UNKNOWN, MENDED, BROKEN], OTHER)
    table = pd.DataFrame(
        {
            "sample_id": before.sample_ids,
            "label": before.true,
            "before": before.predicted,
            "after": after.predicted,
            "change": kind,
        }
    )
    made: pd.DataFrame = table[moved].reset_index(drop=True)
    return made


def _notes(fitted: FittedStack, split: str) -> Iterator[str]:
    yield from fitted.notes
    if split == VALIDATION:
        yield (
            "Measured on the validation images, on which remedies are fitted or chosen: what they "
            "bring looks better here than on test patients."
        )
    elif fitted.division.shared.total == 0:
        yield "No patient of these images was fitted or chosen on."
    if any(isinstance(change, Merged) for change in fitted.changes):
        yield (
            "Before, the same classes are taken as one, and decisions are those among all classes."
        )
    if fitted.rule.point is not None:
        units = count(fitted.rule.units, "patient")
        yield (
            "Two decision rules: argmax before, an operating point of each class after, chosen on "
            f"{count(fitted.rule.images, 'validation image')} of {units}. Images whose prediction "
            "changes are told by the highest class."
        )
