"""Measures in groups are those of scikit-learn on the group's images; p says what the interval
says."""

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics as sk
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep

from dermxai.core.errors import InputError
from dermxai.metrics import evaluate, intervals
from dermxai.metrics.decision import OperatingPoint, at_operating_point
from dermxai.metrics.evaluation import Evaluation
from dermxai.metrics.groups import groups
from dermxai.metrics.subgroups import BALANCED, OF_ALL, OF_CLASS, TOP1, subgroups
from tests.verification import verified

CLASSES = ("EAD", "SD", "MN")
N = 600
RNG = np.random.default_rng(0)
TRUE = RNG.integers(3, size=N)
SCORES = RNG.normal(size=(N, 3)) + 1.2 * np.eye(3)[TRUE]
PATIENT = RNG.integers(200, size=N)
SITE = pd.Series(RNG.choice(["face", "scalp", "trunk"], N), name="site")
AGE = pd.Series(RNG.normal(50, 15, 200)[PATIENT], name="age")


def evaluation(scores: np.ndarray = SCORES, patients: object = PATIENT) -> Evaluation:
    labels = np.array(CLASSES)[TRUE]
    units = np.array([f"p{each}" for each in patients])
    return evaluate(labels, CLASSES, scores, [f"i{i}" for i in range(len(scores))], units)


def test_values_are_those_of_scikit_learn_on_the_images_of_the_group_and_of_the_rest() -> None:
    given, asked = evaluation(), [groups(SITE), groups(AGE)]
    predicted, probability = SCORES.argmax(axis=1), given.probabilities[:, 1]
    positive, chosen = TRUE == 1, SCORES.argmax(axis=1) == 1
    measures = {
        (TOP1, ""): lambda at: sk.accuracy_score(TRUE[at], predicted[at]),
        (BALANCED, ""): lambda at: sk.balanced_accuracy_score(TRUE[at], predicted[at]),
        ("sensitivity", "SD"): lambda at: sk.recall_score(positive[at], chosen[at]),
        ("specificity", "SD"): lambda at: sk.recall_score(~positive[at], ~chosen[at]),
        ("ppv", "SD"): lambda at: sk.precision_score(positive[at], chosen[at]),
        ("npv", "SD"): lambda at: sk.precision_score(~positive[at], ~chosen[at]),
        ("auc", "SD"): lambda at: sk.roc_auc_score(positive[at], probability[at]),
    }
    assert {name for name, _ in measures} == {*OF_ALL, *OF_CLASS}
    for (measure, code), expected in measures.items():
        found = subgroups(given, asked, measure, code)
        own = [expected(side) for side in found.members.T]
        rest = [expected(~side) for side in found.members.T]
        for number, ours, theirs in (
            ("Measure in a group of images", found.table["value"], own),
            ("Measure in a group of images", found.table["rest"], rest),
            (
                "Difference of a group from the rest",
                found.table["difference"],
                np.subtract(own, rest),
            ),
        ):
            verified(number, f"scikit-learn, {measure}", ours, theirs, tolerance=1e-12)
        assert found.whole[0] == pytest.approx(expected(np.ones(N, dtype=bool)), abs=1e-12)
        assert (found.table["low"] <= found.table["value"]).all()
        assert (found.table["value"] <= found.table["high"]).all()
        assert (found.table["difference_low"] < found.table["difference"]).all()


def test_p_is_the_level_at_which_the_interval_just_excludes_0() -> None:
    right = (SCORES.argmax(axis=1) == TRUE)[:, None]
    members = np.column_stack([groups(SITE).members, groups(AGE).members])
    outcomes = np.repeat(right, members.shape[1], axis=1)
    first, second = (intervals.shares(outcomes, side) for side in (members, ~members))
    clusters = intervals.cluster_index(PATIENT)
    p = intervals.difference_test(first, second, clusters)
    assert ((p > 0) & (p < 1)).all()
    nearest = []
    for column, value in enumerate(p):
        ends = intervals.difference_interval(first, second, clusters, 1 - value)
        nearest.append(np.min(np.abs([ends.low[column], ends.high[column]])))
    assert max(nearest) < 1e-9
    found = subgroups(evaluation(), [groups(SITE), groups(AGE)])
    np.testing.assert_array_equal(found.table["p"], p)
    excluded = (found.table["difference_low"] > 0) | (found.table["difference_high"] < 0)
    assert (excluded == (found.table["p"] < 0.05)).all()


def test_p_of_many_independent_images_is_that_of_newcombes_interval_of_statsmodels() -> None:
    rng = np.random.default_rng(1)
    n = 40_000
    side, right = rng.random(n) < 0.3, rng.random(n)
    right = right < np.where(side, 0.79, 0.8)
    outcomes, clusters = right[:, None], np.arange(n)
    first, second = (intervals.shares(outcomes, at[:, None]) for at in (side, ~side))
    (p,) = intervals.difference_test(first, second, clusters)
    low, high = confint_proportions_2indep(
        *(int(each) for at in (side, ~side) for each in (right[at].sum(), at.sum())),
        method="newcomb",
        compare="diff",
        alpha=p,
    )
    verified(
        "p of a group's difference",
        "statsmodels confint_proportions_2indep: an end of the interval at 1 − p is 0",
        [min(abs(low), abs(high)) + p],
        [p],
        tolerance=1e-4,
    )
    assert 0 < p < 0.3


def test_holms_correction_is_that_of_statsmodels_and_mirrored_tests_count_once() -> None:
    scores = SCORES + 0.3 * (SITE == "face").to_numpy()[:, None] * np.eye(3)[TRUE]
    found = subgroups(evaluation(scores), [groups(SITE), groups(AGE)])
    assert found.tests == 7
    verified(
        "p of a group's difference, adjusted",
        "statsmodels multipletests",
        found.table["p_holm"],
        multipletests(found.table["p"], method="holm")[1],
        tolerance=1e-12,
    )
    sex = pd.Series(np.where(PATIENT % 2, "female", "male"), name="sex")
    both = subgroups(evaluation(), [groups(sex)])
    assert both.tests == 1 and len(set(both.table["p"])) == 1
    assert (both.table["p_holm"] == both.table["p"]).all()
    again = subgroups(evaluation(), [groups(sex), groups(sex.rename("again")), groups(SITE)])
    assert again.tests == 4


def test_a_group_that_is_worse_is_found_and_patients_count_not_images() -> None:
    worse = SITE.to_numpy() == "scalp"
    scores = np.where(worse[:, None], RNG.normal(size=(N, 3)), SCORES)
    table = subgroups(evaluation(scores), [groups(SITE)]).table.set_index("group")
    assert table.loc["scalp", "p_holm"] < 0.001 and table.loc["scalp", "difference"] < -0.2
    # the same images of a few patients say less
    few = subgroups(evaluation(scores, PATIENT % 12), [groups(SITE)]).table.set_index("group")
    width = few["high"] - few["low"]
    assert (width > table["high"] - table["low"]).all() and few["small"].all()
    assert not table["small"].any()


def test_operating_points_decide_measures_of_a_class() -> None:
    given = evaluation()
    rule = at_operating_point(OperatingPoint(), TRUE, given.probabilities, units=200)
    found = subgroups(given, [groups(SITE)], "sensitivity", "SD", rule)
    chosen = given.probabilities[:, 1] >= rule.thresholds[1].value
    expected = [sk.recall_score(TRUE[at] == 1, chosen[at]) for at in found.members.T]
    np.testing.assert_allclose(found.table["value"], expected)
    argmax = subgroups(given, [groups(SITE)], "sensitivity", "SD")
    assert not np.allclose(argmax.table["value"], expected)


def test_degenerate_groups_have_no_value_and_say_why() -> None:
    alone = pd.Series(np.where(np.arange(N) < 3, "three", "others"), name="few")
    every = pd.Series(["all"] * N, name="every")
    found = subgroups(evaluation(), [groups(alone), groups(every)]).table.set_index("group")
    assert found.loc["three", "reason"] == "few_units" and np.isnan(found.loc["three", "p"])
    assert np.isfinite(found.loc["three", "value"]) and found.loc["three", "small"]
    assert np.isnan(found.loc["all", "rest"]) and np.isnan(found.loc["all", "p"])
    of_class = pd.Series(np.array(CLASSES)[TRUE], name="of")
    table = subgroups(evaluation(), [groups(of_class)], "sensitivity", "SD").table
    assert table.set_index("group")["reason"].to_dict() == {
        "EAD": "no_positives",
        "MN": "no_positives",
        "SD": "",
    }
    assert (subgroups(evaluation(), [groups(of_class)], "auc", "SD").table["value"].isna()).all()
    # constant scores: every image is the first class
    constant = subgroups(evaluation(np.zeros((N, 3))), [groups(SITE)], "auc", "SD").table
    assert (constant["value"] == 0.5).all() and (constant["p"] == 1).all()


def test_images_without_a_known_label_count_nowhere() -> None:
    labels = np.array(CLASSES)[TRUE].astype(object)
    labels[:100], labels[100:200] = None, "mel"
    given = evaluate(labels, CLASSES, SCORES, [f"i{i}" for i in range(N)], PATIENT.astype(str))
    found = subgroups(given, [groups(SITE)])
    assert found.unknown == 200 and found.table["counted"].sum() == N - 200
    assert found.table["images"].sum() == N and found.members.shape == (N, 3)
    labels[:] = None
    nothing = evaluate(labels, CLASSES, SCORES, [f"i{i}" for i in range(N)], PATIENT.astype(str))
    with pytest.raises(InputError, match="nothing can be measured"):
        subgroups(nothing, [groups(SITE)])


@pytest.mark.parametrize(
    ("asked", "measure", "code", "sentence"),
    [
        ([groups(SITE)], "f2", "", "choose one of top1_accuracy"),
        ([groups(SITE)], "auc", "", "is of one class; name it"),
        ([groups(SITE)], TOP1, "SD", "leave the class SD out"),
        ([groups(SITE)], "auc", "XX", "has no class 'XX'"),
        ([groups(SITE[:10])], TOP1, "", "of 10 images; expected the 600"),
        ([], TOP1, "", "No group of images came"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    asked: list[object], measure: str, code: str, sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        subgroups(evaluation(), asked, measure, code)  # type: ignore[arg-type]
