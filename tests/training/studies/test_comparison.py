import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from dermxai.training.studies.comparison import (
    MEASURES,
    Member,
    Outcome,
    as_printed,
    by_member,
    differences,
    measured,
    summary,
)


def test_measures_agree_with_scikit_learn():
    rng = np.random.default_rng(0)
    labels, scores = rng.integers(0, 4, 200), rng.normal(size=(200, 4))
    scores[np.arange(200), labels] += 1
    got = measured(scores, labels)
    probabilities = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    read = scores.argmax(1)
    assert got["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(labels, read))
    assert got["auc"] == pytest.approx(
        roc_auc_score(labels, probabilities, multi_class="ovr", average="macro")
    )
    one_against_rest = np.mean([((labels == k) == (read == k)).mean() for k in range(4)])
    assert got["accuracy"] == pytest.approx(one_against_rest)


def test_mean_and_standard_deviation_as_the_paper_prints_them():
    values = [0.90, 0.94, 0.98]
    rows = pd.DataFrame([{"network": "a", **dict.fromkeys(MEASURES, v)} for v in values])
    table = summary(rows)
    assert table.loc[0, "auc_sd"] == pytest.approx(np.std(values, ddof=1))
    assert "| a | 0.940 ± 0.040 |" in as_printed(table)
    assert "| a | 0.900 |" in as_printed(summary(rows.head(1)))
    assert "0.940 ± 0.040 | – | 0.940" in as_printed(summary(rows.assign(specificity=np.nan)))


def test_networks_are_compared_on_the_same_images_and_patients():
    """The second network reads everything right, the first one half of each class."""
    labels, rows = np.tile([0, 1], 20), np.arange(40)
    units = np.repeat(np.arange(10).astype(str), 4).astype(object)
    right = np.eye(2, dtype=np.float32)[labels]
    half = np.where((rows % 4 < 2)[:, None], right, right[:, ::-1])
    results = [
        Outcome(Member(network, 0, fold), rows[fold::2], labels[fold::2], scores[fold::2], of)
        for network, scores in (("a", half), ("b", right))
        for fold in (0, 1)
        for of in [units[fold::2]]
    ]
    assert by_member(results)["images"].tolist() == [20] * 4
    (found,) = differences(results)
    assert (found["network"], found["less"]) == ("b", "a")
    assert found["balanced_accuracy"] == pytest.approx(0.5)
    assert 0.3 < found["low"] < 0.5 < found["high"] < 0.7
