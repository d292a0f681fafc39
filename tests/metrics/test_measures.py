"""Measures under both decision rules against scikit-learn and torchmetrics, on random and on
degenerate sets; influences against counting images again."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
import torchmetrics.functional.classification as tm
from sklearn import metrics as sk

from dermxai.core.errors import InputError
from dermxai.metrics import agreement, evaluate
from dermxai.metrics.decision import (
    ARGMAX,
    DecisionRule,
    OperatingPoint,
    Threshold,
    at_operating_point,
)
from dermxai.metrics.measure_estimates import (
    AVERAGES,
    NAMES,
    RANKING,
    Decisions,
    averages,
    of_classes,
)
from dermxai.metrics.measures import (
    ALL,
    WITHOUT_INTERVAL,
    measured,
    measured_at,
    quotient_interval,
)
from dermxai.metrics.undefined import Undefined
from tests.numbers_shown import MEASURES_OF_CLASS, MORE_MEASURES
from tests.verification import verified

CLASSES = ("EAD", "SD", "Pso", "LP")
TITLES = MEASURES_OF_CLASS | MORE_MEASURES
N = 300


def labels_and_scores(seed: int = 0, ties: bool = False) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.choice(4, size=N, p=(0.5, 0.3, 0.15, 0.05))
    scores = rng.normal(0, 1.5, (N, 4)) + 1.5 * np.eye(4)[labels]
    return labels, np.round(scores) if ties else scores


def evaluated(labels: np.ndarray, scores: np.ndarray, classes: tuple[str, ...] = CLASSES):
    ids = [f"i{i}" for i in range(len(labels))]
    return evaluate(
        np.array(classes)[labels], classes, scores, ids, [f"p{i // 3}" for i in range(len(labels))]
    )


def youden(labels: np.ndarray, evaluation) -> DecisionRule:
    return at_operating_point(OperatingPoint(), labels, evaluation.probabilities, units=9)


def values(table: pd.DataFrame, scope: str) -> pd.DataFrame:
    """By measure and class."""
    of = table[table["scope"] == scope]
    return of.set_index(["measure", "class"])["value"].unstack()  # noqa: PD010


def of_one(member: np.ndarray, chosen: np.ndarray, ranks: np.ndarray) -> dict[str, float]:
    """Every measure of one class by scikit-learn."""
    return {
        "sensitivity": sk.recall_score(member, chosen),
        "specificity": sk.recall_score(~member, ~chosen),
        "accuracy": sk.accuracy_score(member, chosen),
        "ppv": sk.precision_score(member, chosen),
        "npv": sk.precision_score(~member, ~chosen),
        "f1": sk.f1_score(member, chosen),
        "balanced_accuracy": sk.balanced_accuracy_score(member, chosen),
        "kappa": sk.cohen_kappa_score(member, chosen),
        "mcc": sk.matthews_corrcoef(member, chosen),
        "auc": sk.roc_auc_score(member, ranks),
        "average_precision": sk.average_precision_score(member, ranks),
        # the curve turned round: above a sensitivity is below a false positive rate
        "partial_auc": sk.roc_auc_score(~member, -ranks, max_fpr=0.2),
    }


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("point", [None, OperatingPoint()])
def test_each_class_is_as_scikit_learn_says(point: OperatingPoint | None, ties: bool) -> None:
    labels, scores = labels_and_scores(1, ties)
    evaluation = evaluated(labels, scores)
    rule = ARGMAX if point is None else youden(labels, evaluation)
    chosen = rule.decisions(scores.argmax(axis=1), evaluation.probabilities)
    found = values(measured(evaluation, rule).table, "class")
    for k, code in enumerate(CLASSES):
        expected = of_one(labels == k, chosen[:, k], evaluation.probabilities[:, k])
        assert set(expected) == set(NAMES)
        for name, value in expected.items():
            authority = "scikit-learn, one-vs-rest"
            verified(TITLES[name], authority, found.loc[name, code], value, tolerance=1e-10)


def test_averages_are_as_scikit_learn_and_torchmetrics_say() -> None:
    labels, scores = labels_and_scores(2)
    evaluation = evaluated(labels, scores)
    table, predicted = measured(evaluation).table, scores.argmax(axis=1)
    ranks = evaluation.probabilities
    onehot = np.eye(4)[labels]
    by_class = values(table, "class")
    share = np.bincount(labels) / N
    for scope in AVERAGES:
        found = values(table, scope)[""]
        theirs = {
            "sensitivity": sk.recall_score(labels, predicted, average=scope),
            "ppv": sk.precision_score(labels, predicted, average=scope),
            "f1": sk.f1_score(labels, predicted, average=scope),
            "auc": sk.roc_auc_score(onehot, ranks, average=scope),
            "average_precision": sk.average_precision_score(onehot, ranks, average=scope),
        }
        for name, value in theirs.items():
            verified(
                f"Average over classes, {scope}",
                "scikit-learn",
                found[name],
                value,
                tolerance=1e-10,
            )
        given = torch.tensor(predicted), torch.tensor(labels)
        specificity = tm.multiclass_specificity(*given, num_classes=4, average=scope)
        verified(
            f"Average over classes, {scope}",
            "torchmetrics multiclass_specificity",
            found["specificity"],
            float(specificity),
            tolerance=1e-6,
        )
        if scope == "micro":
            pooled = of_one(onehot.ravel() > 0, np.eye(4)[predicted].ravel() > 0, ranks.ravel())
        else:
            weight = share if scope == "weighted" else np.full(4, 0.25)
            pooled = (by_class[list(CLASSES)] @ weight).to_dict()
        np.testing.assert_allclose(found[list(NAMES)], [pooled[name] for name in NAMES], atol=1e-12)
    whole = values(table, ALL)[""]
    for name, value in (
        ("kappa", sk.cohen_kappa_score(labels, predicted)),
        ("mcc", sk.matthews_corrcoef(labels, predicted)),
    ):
        verified(
            f"{name.upper() if name == 'mcc' else 'Kappa'} of all classes",
            "scikit-learn",
            whole[name],
            value,
            tolerance=1e-12,
        )


def test_the_table_says_what_the_evaluation_says_to_the_bit() -> None:
    labels, scores = labels_and_scores(3)
    evaluation = evaluated(labels, scores)
    table = measured(evaluation).table
    ends = ["value", "low", "high"]
    for measure in ("accuracy", "sensitivity", "specificity", "auc"):
        rows = table[(table["scope"] == "class") & (table["measure"] == measure)].set_index("class")
        theirs = evaluation.table.set_index("class").loc[list(CLASSES)]
        columns = [measure, f"{measure}_low", f"{measure}_high"]
        assert np.array_equal(rows[ends].to_numpy(), theirs[columns].to_numpy())
        mean = table[(table["scope"] == "macro") & (table["measure"] == measure)][ends]
        known = evaluation.overall.set_index("measure").loc[[f"mean_{measure}"], ends]
        np.testing.assert_allclose(mean.to_numpy(float), known.to_numpy(float), atol=1e-9)


def again(made: Decisions, weights: np.ndarray) -> Decisions:
    """Images counted as often as the weights say."""
    rows = np.repeat(np.arange(len(made.true)), weights)
    return Decisions(
        *(
            getattr(made, name)[rows]
            for name in ("true", "predicted", "member", "chosen", "scores")
        ),
        made.decided,
        made.clusters[rows],
        made.level,
    )


def every(made: Decisions) -> dict[tuple[str, str, int], tuple[float, np.ndarray]]:
    """Value and (n,) influences of every estimate."""
    by_class = dict(of_classes(made))
    found = {
        ("class", name, k): (each.value[k], each.influences[:, k])
        for name, each in by_class.items()
        for k in range(len(each.value))
    }
    for scope in AVERAGES:
        for name, each, _ in averages(scope, by_class, made):
            found[scope, name, 0] = (each.value[0], each.influences[:, 0])
    for name in agreement.MEASURES:
        each = agreement.agreement(name, made.true, made.predicted, 4)
        found[ALL, name, 0] = (each.value[0], each.influences[:, 0])
    return found


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("point", [None, OperatingPoint()])
def test_influences_say_what_an_image_more_changes(point, ties) -> None:
    """Every image counts fifty times, three of them once more: the change is the sum of their
    influences but for its square. No class has a multiple of five images: there the partial area
    changes otherwise up than down."""
    labels, scores = labels_and_scores(4, ties)
    labels, scores = labels[:119], scores[:119]
    evaluation = evaluated(labels, scores)
    made = Decisions.of(evaluation, ARGMAX if point is None else youden(labels, evaluation))
    base, rng = every(again(made, np.full(119, 50))), np.random.default_rng(0)
    for _ in range(3):
        weights = np.full(119, 50)
        chosen = rng.choice(119, 3, replace=False)
        weights[chosen] += 1
        for key, (value, influences) in every(again(made, weights)).items():
            rows = np.cumsum(np.full(119, 50)) - 50
            expected = base[key][1][rows][chosen].sum()
            assert influences.sum() == pytest.approx(0, abs=1e-9), key
            assert value - base[key][0] == pytest.approx(expected, abs=4e-6, rel=0.02), key


def reasons(labels, scores, rule=ARGMAX, classes=CLASSES) -> dict[tuple[str, str], str]:
    table = measured(evaluated(labels, scores, classes), rule).table
    undefined = table[table["value"].isna()]
    assert (undefined["reason"] != "").all() and undefined["low"].isna().all()
    assert ((table["low"].isna() & (table["reason"] == "")) == False).all()  # noqa: E712
    known = table[table["low"].notna()]
    assert (known["low"] <= known["value"] + 1e-12).all()
    assert (known["value"] <= known["high"] + 1e-12).all()
    return {
        (row["class"] or row["scope"], row["measure"]): row["reason"]
        for row in table.to_dict("records")
        if math.isnan(row["value"])
    }


def test_what_is_undefined_says_why() -> None:
    labels, scores = labels_and_scores(5)
    labels = labels % 3  # LP has no image
    scores[:, 3] = -9  # nor is anything predicted as it
    found = reasons(labels, scores)
    assert found[("LP", "sensitivity")] == found[("LP", "auc")] == Undefined.NO_POSITIVES
    assert found[("LP", "ppv")] == Undefined.NONE_PREDICTED
    assert found[("LP", "mcc")] == Undefined.NO_POSITIVES
    assert {code for code, _ in found} == {"LP"}

    one = reasons(np.zeros(40, dtype=int), np.eye(4)[np.zeros(40, dtype=int)])
    assert one[("EAD", "specificity")] == one[("EAD", "partial_auc")] == Undefined.NO_NEGATIVES
    assert one[("EAD", "npv")] == Undefined.ALL_PREDICTED
    assert one[(ALL, "kappa")] == one[(ALL, "mcc")] == Undefined.NOTHING_VARIES
    assert one[("macro", "specificity")] == Undefined.NO_CLASS
    assert ("macro", "sensitivity") not in one

    nothing = reasons(np.zeros(0, dtype=int), np.zeros((0, 4)))
    assert set(nothing.values()) == {Undefined.NO_IMAGES}
    assert len(nothing) == len(NAMES) * 7 + 2


def test_what_failed_the_coverage_benchmark_has_no_interval() -> None:
    table = measured(evaluated(*labels_and_scores(5))).table
    without = table[table["reason"] == Undefined.NOT_HELD]
    assert set(zip(without["scope"], without["measure"], strict=True)) == {
        (scope, name) for scope, names in WITHOUT_INTERVAL.items() for name in names
    }
    assert without["low"].isna().all() and without["value"].notna().all()


def test_constant_scores_rank_nothing() -> None:
    labels, _ = labels_and_scores(6)
    table = measured(evaluated(labels, np.zeros((N, 4)))).table
    found = values(table, "class")
    np.testing.assert_allclose(found.loc["auc"], 0.5)
    np.testing.assert_allclose(found.loc["partial_auc"], 0.5)
    np.testing.assert_allclose(
        found.loc["average_precision", list(CLASSES)], np.bincount(labels) / N
    )


def test_scores_that_are_no_numbers_are_refused() -> None:
    labels, scores = labels_and_scores(7)
    scores[3, 1] = np.nan
    with pytest.raises(InputError, match="not finite"):
        evaluated(labels, scores)


def test_a_class_without_a_threshold_has_its_ranks_alone() -> None:
    labels, scores = labels_and_scores(8)
    evaluation = evaluated(labels, scores)
    without = labels % 3
    rule = at_operating_point(OperatingPoint(), without, evaluation.probabilities, units=9)
    found = reasons(labels, scores, rule)
    of_class = {measure: why for (code, measure), why in found.items() if code == "LP"}
    assert of_class == dict.fromkeys(set(NAMES) - set(RANKING), Undefined.NO_THRESHOLD)
    assert found[(ALL, "kappa")] == Undefined.NOT_ONE_CLASS
    table = measured(evaluation, rule).table
    over = table[table["scope"] == "macro"].set_index("measure")["classes"]
    assert over["sensitivity"] == 3 and over["auc"] == 4


def test_predictive_values_at_a_prevalence() -> None:
    labels, scores = labels_and_scores(9)
    evaluation = evaluated(labels, scores)
    found = measured(evaluation, prevalence=0.02)
    table = found.table[found.table["scope"] == "class"]
    by = values(found.table, "class")
    se, sp = by.loc["sensitivity"], by.loc["specificity"]
    for name, expected in (
        ("ppv_at_prevalence", 0.02 * se / (0.02 * se + 0.98 * (1 - sp))),
        ("npv_at_prevalence", 0.98 * sp / (0.98 * sp + 0.02 * (1 - se))),
    ):
        verified(
            TITLES[name], "Bayes' theorem, written out", by.loc[name], expected, tolerance=1e-12
        )
        rows = table[table["measure"] == name]
        assert ((rows["low"] < rows["value"]) & (rows["value"] < rows["high"])).all()
    # at the prevalence that is there it is the predictive value
    for k, code in enumerate(CLASSES):
        here = values(measured(evaluation, prevalence=(labels == k).mean()).table, "class")[code]
        assert here["ppv_at_prevalence"] == pytest.approx(here["ppv"])
        assert here["npv_at_prevalence"] == pytest.approx(here["npv"])
    for bad in (0, 1, -0.1, math.nan):
        with pytest.raises(InputError, match="prevalence"):
            measured(evaluation, prevalence=bad)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((0.0, 0.0, 0.1), (0.9, 0.8, 1.0), (0.0, 0.0)),
        ((0.1, 0.05, 0.2), (0.0, 0.0, 0.1), (math.inf, math.inf)),
        ((0.1, math.nan, math.nan), (0.5, 0.4, 0.6), (0.2, math.nan)),
        ((0.0, 0.0, 0.1), (0.0, 0.0, 0.1), (math.nan, math.inf)),
    ],
)
def test_quotients_of_nothing(one, other, expected) -> None:
    value, low, high = quotient_interval(*(tuple(map(np.array, each)) for each in (one, other)))
    assert value == pytest.approx(expected[0], nan_ok=True)
    if math.isnan(expected[1]):
        assert math.isnan(low) and math.isnan(high)
    elif math.isinf(expected[1]):
        assert low >= 0 and math.isinf(high)
    else:
        assert low == 0 and high > 0


def test_a_quotient_of_exact_numbers_is_exact_and_others_hold_it() -> None:
    sure = quotient_interval((np.array(0.2),) * 3, (np.array(0.5),) * 3)
    np.testing.assert_allclose(sure, 0.4)
    one = tuple(map(np.array, (0.2, 0.1, 0.35)))
    _, low, high = quotient_interval(one, (np.array(0.5),) * 3)
    assert (low, high) == (pytest.approx(0.2), pytest.approx(0.7))


@pytest.mark.parametrize("threshold", [0.05, 0.3, 0.71])
@pytest.mark.parametrize("code", CLASSES)
def test_a_threshold_set_by_hand(code: str, threshold: float) -> None:
    """Of one class alone; intervals are those of the rule with this threshold."""
    labels, scores = labels_and_scores(4)
    evaluation = evaluated(labels, scores)
    at = CLASSES.index(code)
    member, ranks = labels == at, evaluation.probabilities[:, at]
    found = measured_at(evaluation, code, threshold, 0.1)
    table = found.table.set_index("measure")
    expected = of_one(member, ranks >= threshold, ranks)
    verified(
        "Measures of a class at a threshold",
        "scikit-learn, one-vs-rest",
        table.loc[list(expected), "value"],
        list(expected.values()),
        tolerance=1e-10,
    )
    rule = DecisionRule(
        OperatingPoint(), tuple(Threshold(threshold, math.nan, math.nan) for _ in CLASSES)
    )
    of_rule = measured(evaluation, rule, 0.1).table
    of_rule = of_rule[(of_rule["scope"] == "class") & (of_rule["class"] == code)]
    ends = ["value", "low", "high"]
    pd.testing.assert_frame_equal(table[ends], of_rule.set_index("measure")[ends])
    called = found.called.set_index("class")
    assert list(called.index) == [code, *(each for each in CLASSES if each != code)]
    assert called.loc[code, "called"] == (member & (ranks >= threshold)).sum()
    assert called.to_numpy().sum() == N
    chosen = found.sample_ids[found.chosen & (found.true == code)]
    assert len(chosen) == called.loc[code, "called"]


def test_a_threshold_that_nothing_or_everything_reaches() -> None:
    labels, scores = labels_and_scores(5)
    evaluation = evaluated(labels, scores)
    none = measured_at(evaluation, "SD", math.inf).table.set_index("measure")
    assert none.loc["sensitivity", "value"] == 0 and none.loc["specificity", "value"] == 1
    assert none.loc["ppv", "reason"] == Undefined.NONE_PREDICTED
    every = measured_at(evaluation, "SD", 0).table.set_index("measure")
    assert every.loc["sensitivity", "value"] == 1
    assert every.loc["npv", "reason"] == Undefined.ALL_PREDICTED
    absent = measured_at(evaluated(np.zeros(40, dtype=int), scores[:40]), "SD", 0.5)
    assert absent.table.set_index("measure").loc["sensitivity", "reason"] == Undefined.NO_POSITIVES
    assert list(absent.called["class"]) == ["SD", "EAD"]
    with pytest.raises(InputError, match="no class 'XY'"):
        measured_at(evaluation, "XY", 0.5)
    with pytest.raises(InputError, match="no number"):
        measured_at(evaluation, "SD", math.nan)
    with pytest.raises(InputError, match="prevalence"):
        measured_at(evaluation, "SD", 0.5, 1.0)
