import math

import numpy as np
import pytest
from sklearn import metrics as sk

from dermxai.core.errors import InputError
from dermxai.metrics.decision import (
    ARGMAX,
    Criterion,
    OperatingPoint,
    at_operating_point,
)
from dermxai.metrics.undefined import Undefined
from tests.verification import verified

AUTHORITY = "scikit-learn roc_curve with every point, searched"


def drawn(seed: int, ties: bool) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    member = rng.random(157) < 0.3
    scores = rng.normal(size=157) + member
    return member, np.round(scores, 1) if ties else scores


def searched(point: OperatingPoint, member: np.ndarray, scores: np.ndarray) -> float:
    """The threshold, from scikit-learn's curve."""
    fpr, tpr, cuts = sk.roc_curve(member, scores, drop_intermediate=False)
    positives, negatives = member.sum(), (~member).sum()
    if point.criterion == Criterion.SENSITIVITY:
        return float(cuts[np.round(tpr * positives) >= point.target * positives].max())
    if point.criterion == Criterion.SPECIFICITY:
        return float(cuts[1 - fpr >= point.target - 1e-12].min())
    loss = {
        Criterion.YOUDEN: fpr - tpr,
        Criterion.EQUAL_ERROR: np.abs(1 - tpr - fpr),
        Criterion.COST_RATIO: (point.target or 0) * (1 - tpr) * positives + fpr * negatives,
    }[point.criterion]
    return float(cuts[np.flatnonzero(loss <= loss.min() + 1e-9)[0]])


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize(
    "point",
    [
        OperatingPoint(Criterion.YOUDEN),
        OperatingPoint(Criterion.EQUAL_ERROR),
        *(OperatingPoint(Criterion.SENSITIVITY, each) for each in (0.001, 0.8, 0.95, 1.0)),
        *(OperatingPoint(Criterion.SPECIFICITY, each) for each in (0.001, 0.8, 0.95, 1.0)),
        *(OperatingPoint(Criterion.COST_RATIO, each) for each in (0.01, 1.0, 5.0, 1000.0)),
    ],
)
def test_thresholds_are_those_of_the_whole_roc_curve(point: OperatingPoint, ties: bool) -> None:
    for seed in range(20):
        member, scores = drawn(seed, ties)
        found = point.threshold(member, scores)
        assert found.value == searched(point, member, scores) and found.reason is None
        chosen = scores >= found.value
        assert found.sensitivity == chosen[member].mean()
        assert found.specificity == pytest.approx((~chosen)[~member].mean())
        if math.isfinite(found.value):
            verified(
                "Threshold of an operating point",
                AUTHORITY,
                found.value,
                searched(point, member, scores),
                tolerance=0,
                trivial=True,
            )


def test_a_target_is_kept_on_the_images_that_it_was_chosen_on() -> None:
    member, scores = drawn(3, ties=True)
    for target in np.linspace(0.05, 1, 20):
        assert (
            OperatingPoint(Criterion.SENSITIVITY, target).threshold(member, scores).sensitivity
            >= target
        )
        assert (
            OperatingPoint(Criterion.SPECIFICITY, target).threshold(member, scores).specificity
            >= target
        )


@pytest.mark.parametrize("criterion", list(Criterion))
def test_constant_scores_and_single_classes(criterion: Criterion) -> None:
    target = {Criterion.SENSITIVITY: 0.9, Criterion.SPECIFICITY: 0.9, Criterion.COST_RATIO: 0.1}
    point = OperatingPoint(criterion, target.get(criterion))
    member = np.arange(10) < 4
    found = point.threshold(member, np.full(10, 0.3))
    everything = criterion == Criterion.SENSITIVITY
    assert found.value == (0.3 if everything else math.inf)
    assert (found.sensitivity, found.specificity) == ((1, 0) if everything else (0, 1))
    for none, reason in ((0, Undefined.NO_POSITIVES), (1, Undefined.NO_NEGATIVES)):
        found = point.threshold(np.full(10, none, dtype=bool), np.arange(10.0))
        assert math.isnan(found.value) and found.reason == reason
    assert point.threshold([], []).reason == Undefined.NO_POSITIVES


@pytest.mark.parametrize(
    ("criterion", "target"),
    [
        (Criterion.YOUDEN, 0.9),
        (Criterion.EQUAL_ERROR, 0.9),
        (Criterion.SENSITIVITY, 0.0),
        (Criterion.SENSITIVITY, 1.01),
        (Criterion.SENSITIVITY, None),
        (Criterion.SPECIFICITY, math.nan),
        (Criterion.SPECIFICITY, -0.5),
        (Criterion.COST_RATIO, 0.0),
        (Criterion.COST_RATIO, math.inf),
    ],
)
def test_targets_out_of_range_are_refused(criterion: Criterion, target: float | None) -> None:
    with pytest.raises(InputError, match="The target"):
        OperatingPoint(criterion, target)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_scores_that_are_no_numbers_are_refused(bad: float) -> None:
    with pytest.raises(InputError, match="1 of 3 scores"):
        OperatingPoint().threshold([True, False, True], [0.1, bad, 0.2])
    with pytest.raises(InputError, match="one of each"):
        OperatingPoint().threshold([True, False], [0.1, 0.2, 0.3])


def test_a_rule_decides_each_class_by_itself() -> None:
    rng = np.random.default_rng(0)
    true = np.arange(60) % 2  # of three classes, the last has no image
    scores = rng.dirichlet((1, 1, 1), 60)
    rule = at_operating_point(OperatingPoint(), true, scores, units=30)
    assert [each.reason for each in rule.thresholds] == [None, None, Undefined.NO_POSITIVES]
    decisions = rule.decisions(scores.argmax(axis=1), scores)
    assert not decisions[:, 2].any()
    assert (decisions[:, :2] == (scores[:, :2] >= [t.value for t in rule.thresholds[:2]])).all()
    single = ARGMAX.decisions(scores.argmax(axis=1), scores)
    assert (single.sum(axis=1) == 1).all() and (
        single.argmax(axis=1) == scores.argmax(axis=1)
    ).all()
    with pytest.raises(InputError, match="3 thresholds came for 2 classes"):
        rule.decisions(true, scores[:, :2])
