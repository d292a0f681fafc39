"""A network takes the exam that readers took: the classes that were offered, and no others."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dermxai.core.errors import InputError
from dermxai.metrics.decision import OperatingPoint, at_operating_point
from dermxai.metrics.probability import probabilities as of_logits
from dermxai.readers.answered import Device, Study
from dermxai.runs import Run

VALIDATION = "validation"


def exam(run: Run, study: Study, *, name: str = "", point: OperatingPoint | None = None) -> Device:
    """Logits of the offered classes alone: its answer is the highest of these.

    Args:
        run: that holds the cases' images, a case's id being its sample id or its first image's.
        study: that readers have answered.
        name: of the device; the run's network where none is given.
        point: that each class's threshold is chosen at, on the run's validation images of the
            offered classes and other patients; without such images there are no thresholds, nor
            where none is named.

    Raises:
        InputError: the run does not know an offered class, or has none of the cases.
    """
    known = {code: at for at, code in enumerate(run.classes)}
    if strange := [code for code in study.classes if code not in known]:
        raise InputError(
            f"The study offers {', '.join(strange)}, which the run {run.root.name} does not know: "
            f"it has {', '.join(run.classes)}."
        )
    at = {sample: row for row, sample in enumerate(run.samples["sample_id"])}
    rows, cases = [], []
    for case in study.cases:
        sample = next((each for each in (*case.images, case.case_id) if each in at), None)
        if sample is not None:
            rows.append(at[sample])
            cases.append(case.case_id)
    if not rows:
        raise InputError(
            f"The run {run.root.name} has none of the {len(study.cases):,} cases; a case's id is "
            f"its image's sample id there, such as {run.samples['sample_id'].iloc[0]!r}."
        )
    columns = [known[code] for code in study.classes]
    scores = np.asarray(run.scores[:, columns], dtype=np.float64)
    decisions = {}
    chosen = _validation(run, study.classes, rows)
    if point is not None and chosen.size:
        labels = run.samples["label"].iloc[chosen].map({c: i for i, c in enumerate(study.classes)})
        probabilities = of_logits(scores, run.activation)
        rule = at_operating_point(
            point,
            labels.to_numpy().astype(np.intp),
            probabilities[chosen],
            units=len(set(run.groups.iloc[chosen])),
        )
        if not any(np.isnan(each.value) for each in rule.thresholds):
            predicted = scores.argmax(axis=1)
            decisions[named(point)] = rule.decisions(predicted, probabilities)[rows]
    return Device(name or str(run.made_by["name"]), tuple(cases), scores[rows], decisions)


def named(point: OperatingPoint) -> str:
    """What operating points are called in tables: "operating points (sensitivity 0.9)"."""
    criterion = point.criterion.replace("_", " ").replace("youden", "Youden index")
    target = "" if point.target is None else f" {point.target:g}"
    return f"operating points ({criterion}{target})"


def _validation(run: Run, classes: Sequence[str], cases: Sequence[int]) -> NDArray[np.intp]:
    """Rows of validation images of these classes, of other patients than the cases."""
    if run.split is None:
        return np.array([], dtype=np.intp)
    usable = (run.split == VALIDATION).to_numpy() & run.samples["label"].isin(classes).to_numpy()
    groups = run.groups.to_numpy()
    apart = usable & ~np.isin(groups, groups[list(cases)])
    return np.flatnonzero(apart).astype(np.intp)
