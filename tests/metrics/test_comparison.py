"""Models side by side against scikit-learn, and what is left out, undefined or refused."""

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

from benchmarks.comparison import Rivals, compared, covered, family, truths
from benchmarks.coverage import Cell
from dermxai.core.errors import InputError
from dermxai.metrics import evaluate
from dermxai.metrics.comparison import Comparison, Model, compare
from dermxai.metrics.decision import DecisionRule, OperatingPoint, at_operating_point
from dermxai.metrics.evaluation import Evaluation
from dermxai.metrics.measures import ALL, measured
from dermxai.metrics.notes import Reason
from dermxai.metrics.paired_measures import MACRO, MEASURES, TOP1
from dermxai.metrics.shared_images import averaged, joined
from dermxai.metrics.undefined import Undefined
from tests.verification import verified

CLASSES = ("EAD", "SD", "Pso", "LP")
N = 240
RNG = np.random.default_rng(5)
LABELS = RNG.choice(4, size=N, p=(0.4, 0.3, 0.15, 0.15))
FIRST = RNG.normal(0, 1.5, (N, 4)) + 2.0 * np.eye(4)[LABELS]
SECOND = 0.5 * FIRST + RNG.normal(0, 1.5, (N, 4)) + 0.5 * np.eye(4)[LABELS]


def of(
    scores: np.ndarray,
    rows: slice | np.ndarray = slice(None),
    classes: tuple[str, ...] = CLASSES,
    labels: np.ndarray = LABELS,
    patients: int = 3,
) -> Evaluation:
    ids, owners = (np.array([f"{kind}{i // by}" for i in range(N)], dtype=object)
                   for kind, by in (("i", 1), ("p", patients)))  # fmt: skip
    return evaluate(np.array(CLASSES)[labels][rows], classes, scores[rows], ids[rows], owners[rows])


def youden(evaluation: Evaluation) -> DecisionRule:
    return at_operating_point(OperatingPoint(), LABELS, evaluation.probabilities, units=9)


def values(found: Comparison, model: str, scope: str) -> pd.DataFrame:
    table = found.table[(found.table["model"] == model) & (found.table["scope"] == scope)]
    return table.pivot(index="measure", columns="class", values="value")  # noqa: PD010


@pytest.mark.parametrize("rule", ["argmax", "operating point"])
def test_each_model_has_the_measures_that_it_has_alone_to_the_bit(rule: str) -> None:
    first, second = of(FIRST), of(SECOND)
    models = [Model("one", first), Model("other", second)]
    if rule != "argmax":
        models = [Model(each.name, each.evaluation, youden(each.evaluation)) for each in models]
    found = compare(models)
    for model in models:
        alone = measured(model.evaluation, model.rule).table
        for scope in ("class", MACRO):
            one, other = (
                table[(table["scope"] == scope) & table["measure"].isin(MEASURES)]
                .sort_values(["measure", "class"])[["measure", "class", "value", "low", "high"]]
                .reset_index(drop=True)
                for table in (found.table[found.table["model"] == model.name], alone)
            )
            pd.testing.assert_frame_equal(one, other, rtol=1e-14)
    assert (TOP1 in set(found.table["measure"])) == (rule == "argmax")
    assert (TOP1 in set(found.differences["measure"])) == (rule == "argmax")


def test_measures_and_differences_are_scikit_learns() -> None:
    found = compare([Model("one", of(FIRST)), Model("other", of(SECOND))])
    expected = {}
    for name, scores in (("one", FIRST), ("other", SECOND)):
        predicted = scores.argmax(axis=1)
        ranks = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        expected[name] = {
            "auc": sk.roc_auc_score(LABELS, ranks, multi_class="ovr", average="macro"),
            "sensitivity": sk.recall_score(LABELS, predicted, average="macro"),
            "specificity": np.mean(
                [sk.recall_score(k != LABELS, predicted != k) for k in range(4)]
            ),
            "accuracy": np.mean([sk.accuracy_score(k == LABELS, predicted == k) for k in range(4)]),
        }
        mine = values(found, name, MACRO)[""]
        for measure, value in expected[name].items():
            verified(
                "Measures of a model on shared images",
                "scikit-learn, macro average",
                mine[measure],
                value,
                tolerance=1e-12,
            )
        (top1,) = values(found, name, ALL)[""]
        assert top1 == sk.accuracy_score(LABELS, predicted)
    apart = found.differences[found.differences["scope"] == MACRO].set_index("measure")
    for measure in MEASURES:
        verified(
            "Difference of a measure between models",
            "scikit-learn, one value less the other",
            apart.loc[measure, "difference"],
            expected["one"][measure] - expected["other"][measure],
            tolerance=1e-12,
        )
        assert apart.loc[measure, "low"] < apart.loc[measure, "difference"]
        assert apart.loc[measure, "difference"] < apart.loc[measure, "high"]
    verified(
        "Kappa of two models",
        "scikit-learn cohen_kappa_score of both predictions",
        found.kappas["kappa"],
        [sk.cohen_kappa_score(FIRST.argmax(axis=1), SECOND.argmax(axis=1))],
        tolerance=1e-12,
    )
    assert found.kappas["same"][0] == (FIRST.argmax(axis=1) == SECOND.argmax(axis=1)).sum()


def test_the_same_model_twice_differs_in_nothing() -> None:
    found = compare([Model(name, of(FIRST)) for name in ("a", "b", "c")])
    apart = found.differences
    assert (apart["difference"] == 0).all() and (apart["p"] == 1).all()
    assert (apart["p_holm"] == 1).all()
    assert (apart["low"] < 0).all() and (apart["high"] > 0).all()
    assert (found.kappas["kappa"] == 1).all() and (found.kappas["same"] == N).all()
    assert found.pairs() == [("a", "b"), ("a", "c"), ("b", "c")]
    assert not found.select(["a"], ["b"])


def test_a_model_that_is_always_right_beside_one_that_never_is() -> None:
    right, wrong = 9 * np.eye(4)[LABELS], 9 * np.eye(4)[(LABELS + 1) % 4]
    found = compare([Model("right", of(right)), Model("wrong", of(wrong))])
    top1 = found.differences.set_index("measure").loc[TOP1]
    assert top1["difference"] == 1 and top1["low"] > 0.9 and top1["p"] < 1e-9
    assert found.select(["right"], ["wrong"]) and len(found.select(["right"], ["wrong"])) == N
    assert found.select(wrong=["right", "wrong"]) == []
    assert found.kappas["kappa"][0] < 0
    areas = found.differences[found.differences["measure"] == "auc"]
    assert (areas["difference"] > 0.3).all()


def test_images_are_joined_by_their_names_and_told_what_is_left_out() -> None:
    rng = np.random.default_rng(0)
    mixed = rng.permutation(N)[:200]
    other_labels = LABELS.copy()
    other_labels[:5] = (LABELS[:5] + 1) % 4
    second = of(SECOND, mixed, labels=other_labels)
    found = compare([Model("one", of(FIRST)), Model("other", second)], other=["i7", "i8"])
    kept = sorted(set(mixed) - set(range(5)) - {7, 8})
    assert list(found.sample_ids) == [f"i{i}" for i in kept], "in the order of the first"
    assert (found.predicted[1] == np.array(CLASSES)[SECOND[kept].argmax(axis=1)]).all()
    told = {note.reason: note.images for note in found.notes}
    assert told[Reason.NOT_SHARED] == 40
    assert told[Reason.FILES_DIFFER] == len({7, 8} & set(mixed))
    assert told[Reason.LABELS_DIFFER] == len(set(range(5)) & set(mixed))
    assert found.units == len({i // 3 for i in kept}) and found.clusters == "patients"


def test_classes_that_only_one_knows_are_left_out_and_its_decisions_stay() -> None:
    fewer = CLASSES[:3]
    found = compare([Model("one", of(FIRST)), Model("other", of(SECOND[:, :3], classes=fewer))])
    assert found.classes == fewer
    assert found.sample_ids.size == (LABELS < 3).sum()
    told = {note.reason: note for note in found.notes}
    assert told[Reason.OUTSIDE_SHARED].images == (LABELS == 3).sum()
    assert told[Reason.CLASSES_NOT_SHARED].names == ("LP",)
    here = LABELS < 3
    expected = (FIRST[here].argmax(axis=1) == LABELS[here]).mean()
    assert values(found, "one", ALL)[""][TOP1] == pytest.approx(expected), "LP predicted is wrong"
    assert list(found.matrix("one").columns) == list(found.matrix("other").columns)
    assert "LP" in found.matrix("one") and found.matrix("other")["LP"].sum() == 0
    assert found.matrix("one").to_numpy().sum() == here.sum()


def test_selections_are_the_images_in_which_models_differ() -> None:
    found = compare([Model("one", of(FIRST)), Model("other", of(SECOND))])
    ids = np.array([f"i{i}" for i in range(N)])
    right = [scores.argmax(axis=1) == LABELS for scores in (FIRST, SECOND)]
    chosen = found.select(["one"], ["other"])
    assert set(chosen) == set(ids[right[0] & ~right[1]]) and chosen
    place = [int(name[1:]) for name in chosen]
    apart = found.own[0, place] - found.own[1, place]
    assert (np.diff(apart) <= 0).all()
    missed = found.select(wrong=["one", "other"])
    assert set(missed) == set(ids[~right[0] & ~right[1]]) and missed


def test_the_mean_of_two_is_a_model() -> None:
    both = [of(FIRST), of(SECOND)]
    mean = averaged(both)
    expected = (both[0].probabilities + both[1].probabilities) / 2
    np.testing.assert_allclose(mean.probabilities, expected, atol=1e-15)
    assert list(mean.unit_of) == list(both[0].unit_of) and mean.clusters == "patients"
    found = compare([Model("one", both[0]), Model("other", both[1]), Model("mean", mean)])
    assert len(found.kappas) == 3
    assert values(found, "mean", ALL)[""][TOP1] == (expected.argmax(axis=1) == LABELS).mean()


def test_what_is_undefined_says_why() -> None:
    only = np.zeros(N, dtype=int)
    found = compare([Model("one", of(FIRST, labels=only)), Model("b", of(SECOND, labels=only))])
    for table, value in ((found.table, "value"), (found.differences, "difference")):
        undefined = table[table[value].isna()]
        assert (undefined["reason"] != "").all()
        assert undefined[["low", "high"]].isna().all(axis=None)
        ead = undefined[undefined["class"] == "EAD"].set_index("measure")["reason"]
        assert (ead[["specificity", "auc"]] == Undefined.NO_NEGATIVES).all()
        assert set(undefined.loc[undefined["measure"] == "auc", "reason"]) >= {Undefined.NO_CLASS}
    assert found.differences.loc[found.differences["difference"].isna(), "p"].isna().all()
    alone = compare([Model(n, of(s, patients=N)) for n, s in (("a", FIRST), ("b", SECOND))])
    assert alone.units == 1
    assert alone.table["low"].isna().all() and alone.differences["low"].isna().all()
    decisions = alone.differences[alone.differences["measure"] != "auc"]
    assert (decisions["p"] == 1).all(), "of one patient nothing can be said"
    assert alone.differences.loc[alone.differences["measure"] == "auc", "p"].isna().all()


def test_what_cannot_be_compared_is_refused() -> None:
    one = of(FIRST)
    with pytest.raises(InputError, match="1 models came"):
        compare([Model("a", one)])
    with pytest.raises(InputError, match="7 models came"):
        compare([Model(str(k), one) for k in range(7)])
    with pytest.raises(InputError, match="a name of its own"):
        compare([Model("a", one), Model("a", of(SECOND))])
    with pytest.raises(InputError, match="different decision rules"):
        compare([Model("a", one), Model("b", of(SECOND), youden(of(SECOND)))])
    with pytest.raises(InputError, match="no image in common"):
        joined([of(FIRST, slice(100)), of(SECOND, slice(100, N))])
    with pytest.raises(InputError, match="no image in common"):
        joined([one, one], list(one.sample_ids))
    with pytest.raises(InputError, match="share no class"):
        joined([one, of(FIRST, classes=("A", "B", "C", "D"))])
    with pytest.raises(InputError, match="share LP"):
        joined([one, of(FIRST, classes=("A", "B", "C", "LP"))])
    swapped = of(SECOND, labels=(LABELS + 1) % 4)
    with pytest.raises(InputError, match="No image that the runs share"):
        joined([one, swapped])
    twice = np.array(["x", "x"])
    doubled = evaluate(["EAD", "SD"], CLASSES, FIRST[:2], twice, twice)
    with pytest.raises(InputError, match="came twice"):
        joined([doubled, doubled])
    with pytest.raises(InputError, match="not finite"):
        of(np.where(np.arange(N)[:, None] == 3, np.nan, FIRST))


CELL = Cell(2, "heavy", 0.8, 50, 0.5, 0.9)


def test_intervals_hold_the_truth_and_tests_their_level() -> None:
    """A quick part of `benchmarks.comparison`, whose tables stand in docs/statistics.md."""
    table = covered((CELL, 30)).set_index("measure")
    held = 1 - table["above"] - table["below"]
    # of 30 sets, a coverage of 93 % lies beyond this in 1 of 1,000
    assert held.min() > 0.76, table
    level = table.loc[~table.index.str.endswith("better") & table["rejected"].notna(), "rejected"]
    assert len(level) == 9 and level.max() < 0.24
    assert table.loc["top-1 accuracy, one better", "rejected"] > 0.1
    assert family((CELL, 60))["rejected"] < 0.2


def test_true_differences_are_those_of_many_images() -> None:
    cell = Cell(2, "equal", 0.0, 3000, 0.5, 0.9)
    drawn = Rivals.of(cell, 1, np.random.default_rng(0))
    expected = truths(drawn.made, cell)
    found = {name: numbers for name, numbers, _ in compared(drawn, cell)}
    assert len(found) == 2 * len(expected) == 18
    for difference, _, _, truth, *_ in found.values():
        assert difference == pytest.approx(truth, abs=0.02)
