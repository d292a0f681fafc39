import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score
from statsmodels.stats.proportion import proportion_confint

from dermxai.core.errors import InputError
from dermxai.metrics import evaluate
from dermxai.metrics.pair import OTHER, evaluate_pair, most_confused

CLASSES = ("EAD", "SD", "Pso", "LP")


def judged(n=400, noise=1.5, seed=0, labels=None, patients=True, **options):
    rng = np.random.default_rng(seed)
    true = rng.integers(4, size=n)
    scores = rng.normal(0, noise, (n, 4)) + 2 * np.eye(4)[true]
    given = np.array(CLASSES, dtype=object)[true] if labels is None else labels
    ids = [f"image {i}" for i in range(n)]
    units = [f"patient {i // 2}" for i in range(n)] if patients else None
    return evaluate(given, CLASSES, scores, ids, units, **options), scores


def test_ways_are_the_cells_of_the_confusion_matrix():
    evaluation, scores = judged()
    pair = evaluate_pair(evaluation, scores, "EAD", "SD")
    matrix = pd.DataFrame(evaluation.confusion, CLASSES, CLASSES)
    for true in ("EAD", "SD"):
        for predicted in ("EAD", "SD"):
            row = pair.cell(true, predicted)
            assert row["images"] == matrix.loc[true, predicted]
            assert row["share"] == pytest.approx(
                matrix.loc[true, predicted] / matrix.loc[true].sum()
            )
            assert row["low"] < row["share"] < row["high"]
            here = (evaluation.true == true) & (evaluation.predicted == predicted)
            assert row["units"] == np.unique(evaluation.unit_of[here]).size
        assert pair.cell(true, OTHER)["images"] == matrix.loc[true, ["Pso", "LP"]].sum()
        assert pair.ways.loc[pair.ways["true"] == true, "share"].sum() == pytest.approx(1)


def test_intervals_of_independent_images_are_near_the_binomial_ones():
    evaluation, scores = judged(4000, patients=False)
    row = evaluate_pair(evaluation, scores, "EAD", "SD").cell("EAD", "SD")
    wilson = proportion_confint(row["images"], row["of"], method="wilson")
    assert (row["low"], row["high"]) == pytest.approx(wilson, abs=0.005)


def test_errors_are_all_there_by_their_margin():
    evaluation, scores = judged()
    pair = evaluate_pair(evaluation, scores, "SD", "EAD")
    assert len(pair.errors) == pair.cell("SD", "EAD")["images"] + pair.cell("EAD", "SD")["images"]
    assert pair.errors["margin"].is_monotonic_decreasing and (pair.errors["margin"] > 0).all()
    ids = pd.Index(evaluation.sample_ids)
    for row in pair.errors.itertuples():
        at = ids.get_loc(row.sample_id)
        predicted, true = CLASSES.index(row.predicted), CLASSES.index(row.true)
        assert row.margin == pytest.approx(scores[at, predicted] - scores[at, true])
        assert row.probability == evaluation.probabilities[at].max()


def test_merging_is_what_scikit_learn_says_of_renamed_labels():
    evaluation, scores = judged()
    merged = evaluate_pair(evaluation, scores, "EAD", "SD").merged.set_index("measure")
    names = {"SD": "EAD"}
    true = [names.get(code, code) for code in evaluation.true]
    predicted = [names.get(code, code) for code in evaluation.predicted]
    for measure, function in (
        ("top1_accuracy", accuracy_score),
        ("balanced_accuracy", balanced_accuracy_score),
    ):
        row = merged.loc[measure]
        separate = function(evaluation.true, evaluation.predicted)
        assert row["separate"] == pytest.approx(separate, abs=1e-12)
        assert row["merged"] == pytest.approx(function(true, predicted), abs=1e-12)
        assert row["gain"] == pytest.approx(row["merged"] - row["separate"])
        assert row["gain_low"] <= row["gain"] <= row["gain_high"]


def test_the_order_of_the_classes_changes_nothing_but_the_order():
    evaluation, scores = judged()
    one = evaluate_pair(evaluation, scores, "EAD", "SD")
    other = evaluate_pair(evaluation, scores, "SD", "EAD")
    pd.testing.assert_frame_equal(one.errors, other.errors)
    pd.testing.assert_frame_equal(one.merged, other.merged)
    order = ["true", "predicted"]
    pd.testing.assert_frame_equal(
        one.ways.sort_values(order, ignore_index=True),
        other.ways.sort_values(order, ignore_index=True),
    )


def test_a_pair_without_errors_has_a_bound_and_no_gain():
    evaluation, scores = judged(noise=0.01)
    pair = evaluate_pair(evaluation, scores, "EAD", "SD")
    row = pair.cell("EAD", "SD")
    assert pair.errors.empty and row["share"] == 0 and row["low"] == 0 < row["high"] < 0.1
    assert pair.merged["gain"].tolist() == [0, 0]
    assert most_confused(evaluation) is None


def test_without_labels_everything_is_undefined():
    evaluation, scores = judged(labels=np.array([None] * 400))
    pair = evaluate_pair(evaluation, scores, "EAD", "SD")
    assert pair.errors.empty and (pair.ways["images"] == 0).all()
    assert pair.ways[["share", "low", "high"]].isna().all(axis=None)
    assert pair.merged[["separate", "merged", "gain"]].isna().all(axis=None)
    assert most_confused(evaluation) is None


def test_the_most_confused_pair_counts_both_ways():
    true = ["EAD"] * 10 + ["SD"] * 10 + ["Pso"] * 10
    predicted = [0] * 6 + [1] * 4 + [0] * 5 + [1] * 5 + [3] * 8 + [2] * 2
    evaluation = evaluate(true, CLASSES, np.eye(4)[predicted], [str(i) for i in range(30)])
    assert most_confused(evaluation) == ("SD", "EAD")


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [("mel", "SD", "no class 'mel'; choose two of EAD"), ("SD", "SD", "SD came twice")],
)
def test_a_pair_is_two_of_the_models_classes(first, second, words):
    with pytest.raises(InputError, match=words):
        evaluate_pair(*judged(), first, second)
