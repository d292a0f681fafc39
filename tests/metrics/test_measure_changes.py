"""MeasureChanges differences of two classifiers on the same images."""

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score, roc_auc_score

from dermxai.core.errors import InputError
from dermxai.metrics import intervals
from dermxai.metrics.decision import Criterion, OperatingPoint, at_operating_point
from dermxai.metrics.evaluation import Evaluation, evaluate
from dermxai.metrics.measure_changes import TOP1, MeasureChanges, measure_changes
from dermxai.metrics.measures import measured
from tests.verification import verified

CLASSES = ("MN", "BCC", "SK")


def drawn(seed: int = 0, images: int = 240, patients: int = 60) -> tuple[Evaluation, Evaluation]:
    draws = np.random.default_rng(seed)
    true = draws.integers(3, size=images)
    scores = draws.standard_normal((images, 3)) + 1.2 * np.eye(3)[true]
    better = scores + 0.8 * draws.standard_normal((images, 3)) + 0.6 * np.eye(3)[true]
    patient = draws.integers(patients, size=images)
    names = np.array(CLASSES)[true]
    ids = [str(index) for index in range(images)]
    one, two = (
        evaluate(names, CLASSES, each, ids, [f"p{index}" for index in patient])
        for each in (scores, better)
    )
    return one, two


def compared(one: Evaluation, two: Evaluation) -> MeasureChanges:
    return measure_changes(one, two, (measured(one), measured(two)))


def test_differences_are_those_of_scikit_learn() -> None:
    one, two = drawn()
    table = compared(one, two).table.set_index(["scope", "class", "measure"])["difference"]
    member = one.true == "BCC"

    def of(evaluation: Evaluation) -> dict[tuple[str, str, str], float]:
        decided = evaluation.predicted == "BCC"
        return {
            ("all", "", TOP1): float((evaluation.predicted == evaluation.true).mean()),
            ("macro", "", "sensitivity"): balanced_accuracy_score(
                evaluation.true, evaluation.predicted
            ),
            ("macro", "", "f1"): f1_score(evaluation.true, evaluation.predicted, average="macro"),
            ("class", "BCC", "auc"): roc_auc_score(member, evaluation.probabilities[:, 1]),
            ("class", "BCC", "sensitivity"): float(decided[member].mean()),
            ("class", "BCC", "specificity"): float((~decided)[~member].mean()),
        }

    first, second = of(one), of(two)
    verified(
        "Paired difference of a measure",
        "scikit-learn, second less first",
        [table[key] for key in first],
        [second[key] - first[key] for key in first],
        tolerance=1e-9,
    )


def test_shares_have_the_interval_of_gains_and_losses() -> None:
    one, two = drawn()
    found = compared(one, two).table.set_index(["scope", "class", "measure"])
    outcomes = [(each.predicted == each.true)[:, None] for each in (two, one)]
    every = np.ones_like(outcomes[0])
    gain, loss = (intervals.shares(part, every) for part in intervals.gains_and_losses(*outcomes))
    ends = intervals.difference_interval(gain, loss, intervals.cluster_index(one.unit_of), 0.95)
    row = found.loc[("all", "", TOP1)]
    np.testing.assert_allclose([row["low"], row["high"]], [ends.low[0], ends.high[0]])
    known = found["low"].notna()
    assert (found["low"] <= found["difference"])[known].all()
    assert (found["difference"] <= found["high"])[known].all()
    assert known.sum() > 40


def test_the_same_twice_differs_by_nothing() -> None:
    one, _ = drawn()
    found = compared(one, one)
    assert not found.table["difference"].dropna().any() and not found.confusion.any()
    ends = found.table[["low", "high"]].dropna()
    assert (ends["low"] <= 0).all() and (ends["high"] >= 0).all()


def test_what_is_undefined_says_why() -> None:
    one, two = drawn(images=12, patients=4)
    table = compared(one, two).table
    lacking = table["difference"].isna() | table["low"].isna()
    assert lacking.any() and (table.loc[lacking, "reason"] != "").all()
    assert (table.loc[~lacking, "reason"] == "").all()
    one, two = drawn()
    true = np.searchsorted(sorted(CLASSES), one.true)
    order = np.argsort(CLASSES)
    rule = at_operating_point(
        OperatingPoint(Criterion.YOUDEN), order[true], two.probabilities, units=1
    )
    found = measure_changes(one, two, (measured(one), measured(two, rule))).table
    whole = found[found["scope"] == "all"]
    assert set(whole["reason"]) == {"not_one_class"} and whole["difference"].isna().all()
    of_class = found[(found["scope"] == "class") & (found["measure"] == "sensitivity")]
    assert of_class["low"].notna().all()


def test_other_images_are_refused() -> None:
    (one, _), (other, _) = drawn(), drawn(seed=1)
    with pytest.raises(InputError, match="same images, labels and classes"):
        compared(one, other)
