import numpy as np
import pytest
from scipy.special import expit, softmax

from dermxai.metrics import evaluate
from dermxai.metrics.notes import Reason
from dermxai.metrics.probability import probabilities

SCORES = np.array([[2.0, -1.0, 0.5], [-3.0, -2.0, -1.0]])


def test_by_softmax_or_each_by_itself():
    np.testing.assert_allclose(probabilities(SCORES), softmax(SCORES, axis=1))
    np.testing.assert_allclose(probabilities(SCORES, "sigmoid"), expit(SCORES))
    assert probabilities(SCORES[0], "sigmoid").shape == (3,)
    assert probabilities(np.zeros((0, 3))).shape == (0, 3)


def test_an_evaluation_of_sigmoids_is_one_vs_rest():
    rng = np.random.default_rng(0)
    scores, true = rng.normal(size=(90, 3)) * 2, np.array(["a", "b", "c"] * 30)
    ids = [str(index) for index in range(90)]
    several = evaluate(true, ("a", "b", "c"), scores, ids, activation="sigmoid")
    one = evaluate(true, ("a", "b", "c"), scores, ids)
    np.testing.assert_allclose(several.probabilities, expit(scores))
    assert (several.predicted == one.predicted).all()
    for k, code in enumerate("abc"):  # the order of the logits themselves, not of their shares
        positive, negative = scores[true == code, k], scores[true != code, k]
        area = (positive[:, None] > negative).mean()
        assert several.roc[code].auc == pytest.approx(area)
        assert one.roc[code].auc != pytest.approx(area, abs=1e-6)
    assert several.on_measures[0].reason is Reason.EACH_BY_ITSELF
    assert Reason.EACH_BY_ITSELF not in {note.reason for note in one.on_measures}
