import numpy as np
import pytest
from sklearn import metrics as sk

from dermxai.metrics import evaluate
from dermxai.metrics.decision import OperatingPoint, at_operating_point
from dermxai.metrics.measures import measured
from dermxai.report.rules import ABOUT, as_json, both_rules, sums_in_words
from tests.verification import verified

CLASSES = ("EAD", "SD", "Pso")
N = 240


def both():
    rng = np.random.default_rng(0)
    true = rng.integers(0, 3, N)
    scores = rng.normal(size=(N, 3)) + 1.2 * np.eye(3)[true]
    ids, patients = [f"i{i}" for i in range(N)], [f"p{i // 2}" for i in range(N)]
    evaluation = evaluate(np.array(CLASSES)[true], CLASSES, scores, ids, patients)
    rule = at_operating_point(OperatingPoint(), true, evaluation.probabilities, units=120)
    return true, scores, evaluation, rule


def test_both_rules_over_the_same_images() -> None:
    true, scores, evaluation, rule = both()
    argmax, point = measured(evaluation), measured(evaluation, rule)
    table = both_rules(argmax, point)
    assert list(table["class"]) == [*CLASSES, ""] and table["images"].iloc[-1] == N
    predicted = scores.argmax(axis=1)
    for name, decisions in (
        ("argmax", predicted[:, None] == np.arange(3)),
        ("operating_point", rule.decisions(predicted, evaluation.probabilities)),
    ):
        counts = [sk.confusion_matrix(true == k, decisions[:, k]).ravel()[[2, 1]] for k in range(3)]
        verified(
            "Errors under each decision rule",
            "scikit-learn confusion_matrix",
            table[[f"{name}_false_negatives", f"{name}_false_positives"]].to_numpy(float),
            [*counts, np.sum(counts, axis=0)],
            tolerance=0,
        )
        accuracy = [sk.accuracy_score(true == k, decisions[:, k]) for k in range(3)]
        np.testing.assert_allclose(
            table[f"{name}_accuracy"].to_numpy(float), [*accuracy, np.mean(accuracy)]
        )
    last = table.iloc[-1]
    wrong = (predicted != true).sum()
    assert last["argmax_false_negatives"] == last["argmax_false_positives"] == wrong
    assert last["operating_point_false_negatives"] != last["operating_point_false_positives"]
    words = list(sums_in_words(table))
    assert words[0] == f"Argmax: {wrong} images missed, {wrong} false alarms."
    assert len(words) == 2 and len(as_json(argmax, point)) == 4


def test_a_class_without_threshold_is_no_error() -> None:
    _, _, evaluation, _ = both()
    none = at_operating_point(
        OperatingPoint(), np.zeros(N, dtype=int), evaluation.probabilities, units=9
    )
    table = both_rules(measured(evaluation), measured(evaluation, none))
    assert np.isnan(table["operating_point_false_negatives"].to_numpy(float)).all()
    (only,) = sums_in_words(table)
    assert only.startswith("Argmax")


def test_what_is_said_of_the_paper_follows_from_its_tables() -> None:
    """Tables 1, 2 and 4 of Zhu et al. 2021."""
    images = np.array([804, 597, 1110, 2023, 438, 2440, 343, 767, 553, 1214, 200, 1707, 920, 487])
    of_table_2 = (
        (873, 920, 944, 974, 934, 924, 1000, 811, 858, 961, 975, 920, 989, 971),
        (975, 961, 930, 927, 970, 866, 987, 933, 957, 960, 984, 882, 961, 979),
    )
    of_table_4 = {
        "network": (
            (92, 92, 84, 48, 76, 96, 92, 88),
            (92.57, 95.43, 88.57, 91.43, 96, 94.86, 94.29, 99.43),
        ),
        "dermatologists": (
            (79.7, 62.04, 74.96, 46.53, 59.43, 77.23, 67.66, 80.54),
            (96.39, 98.48, 92.42, 93.7, 94.28, 94.68, 97.32, 96.73),
        ),
    }
    sensitivity, specificity = np.array(of_table_2) / 1000
    missed = (images * (1 - sensitivity)).sum()
    alarms = ((images.sum() - images) * (1 - specificity)).sum()
    assert f"about {missed:,.0f} missed images and {alarms:,.0f} false alarms" in ABOUT[1]
    found = {}
    for name, of in of_table_4.items():
        sensitivity, specificity = np.array(of) / 100
        found[name] = (25 * (1 - sensitivity)).sum(), (175 * (1 - specificity)).sum()
    assert found["network"] == pytest.approx((33, 83), abs=0.1)
    assert found["dermatologists"] == pytest.approx((63, 63), abs=0.1)
    assert "misses 33 images with 83 false alarms" in ABOUT[1] and "63 with 63" in ABOUT[1]
