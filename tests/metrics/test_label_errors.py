import numpy as np
from cleanlab.filter import find_label_issues

from dermxai.metrics import evaluate
from dermxai.metrics.label_errors import FEWEST, label_errors, searched_images

CLASSES = ("EAD", "SD", "Pso", "LP")


def mislabelled(n=300, wrong=20):
    """Images that the classifier reads well, the first few under another label."""
    rng = np.random.default_rng(0)
    true = rng.integers(4, size=n)
    scores = rng.normal(0, 0.8, (n, 4)) + 4 * np.eye(4)[true]
    given = true.copy()
    given[:wrong] = (true[:wrong] + 1) % 4
    ids = [f"image {i}" for i in range(n)]
    return evaluate(np.array(CLASSES)[given], CLASSES, scores, ids), given, true


def test_planted_label_errors_are_found_and_named():
    evaluation, _, true = mislabelled()
    found = label_errors(evaluation)
    planted = {f"image {i}" for i in range(20)}
    assert len(planted & set(found["sample_id"])) >= 18
    assert len(set(found["sample_id"]) - planted) <= 4
    at = found["sample_id"].str.split().str[1].astype(int)
    right = found["suggested"].to_numpy() == np.array(CLASSES)[true[at]]
    assert right[at < 20].all()
    assert found["quality"].is_monotonic_increasing
    assert (found["label"] != found["suggested"]).all()


def test_they_are_those_of_cleanlab():
    evaluation, given, _ = mislabelled()
    peer = find_label_issues(given, evaluation.probabilities, n_jobs=1)
    found = label_errors(evaluation)["sample_id"]
    assert set(found) == {f"image {i}" for i in np.flatnonzero(peer)}


def test_images_without_a_known_label_and_single_classes_give_nothing():
    evaluation, given, _ = mislabelled(60, 10)
    labels = np.array(CLASSES, dtype=object)[given]
    scores, ids = np.log(evaluation.probabilities), evaluation.sample_ids
    for others in ([None] * 60, ["mel"] * 60, ["EAD"] * 60):
        assert label_errors(evaluate(others, CLASSES, scores, ids)).empty
    labels[::2] = None
    found = label_errors(evaluate(labels, CLASSES, scores, ids))
    assert all(int(name.split()[1]) % 2 for name in found["sample_id"])


def test_what_is_too_little_to_search_is_counted_as_not_searched():
    evaluation, given, _ = mislabelled(60, 10)
    labels = np.array(CLASSES, dtype=object)[given]
    few = np.flatnonzero(labels == "LP")
    labels[few[FEWEST - 1 :]] = None
    scores, ids = np.log(evaluation.probabilities), evaluation.sample_ids
    looked_at = searched_images(evaluate(labels, CLASSES, scores, ids))
    assert looked_at == {code: (labels == code).sum() for code in CLASSES[:3]} | {"LP": 0}
    assert not any(searched_images(evaluate(["EAD"] * 60, CLASSES, scores, ids)).values())
    assert not any(searched_images(evaluation, np.zeros(60, dtype=bool)).values())
