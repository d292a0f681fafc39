import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from dermxai.errors import InputError
from dermxai.metrics import bootstrap, evaluate
from dermxai.metrics.evaluation import Evaluation
from dermxai.metrics.leakage import area_replicates, leakage_premium

CLASSES = ("MN", "BCC", "SK")


def made(patients: int = 60, seed: int = 0, replicates: int = 400) -> tuple[Evaluation, Evaluation]:
    """Every third patient is seen in training, and predicted better."""
    rng = np.random.default_rng(seed)
    patient = np.repeat(np.arange(patients), rng.integers(1, 5, patients))
    label = patient % 3
    seen = patient % 4 == 0
    favour = np.where(seen, 4.0, 0.8)
    scores = rng.standard_normal((patient.size, 3)) + favour[:, None] * np.eye(3)[label]
    ids = np.array([f"i{row}" for row in range(patient.size)])

    def evaluated(rows: np.ndarray) -> Evaluation:
        return evaluate(
            np.array(CLASSES)[label[rows]],
            CLASSES,
            scores[rows],
            ids[rows],
            patient[rows],
            replicates=replicates,
        )

    return evaluated(np.full(seen.size, True)), evaluated(~seen)


def test_areas_of_replicates_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(3)
    clusters = rng.integers(0, 12, 70)
    positive = rng.random(70) < 0.4
    scores = np.round(rng.random(70) + 0.3 * positive, 1)  # with ties
    plan = bootstrap.resampling(clusters, replicates=30)
    weights = np.concatenate(list(plan.weights()), axis=1)[plan.clusters]
    expected = [roc_auc_score(positive, scores, sample_weight=each) for each in weights.T]
    found = area_replicates(positive, scores, plan)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert 0.5 < found.mean() < 0.95 and found.std() > 0.01
    assert np.isnan(area_replicates(np.full(70, True), scores, plan)).all()


def test_the_premium_is_the_difference_of_both_evaluations_and_its_interval_is_paired() -> None:
    whole, without = made()
    found = leakage_premium(whole, without)
    table = found.table.set_index("measure")
    both = (each.overall.set_index("measure")["value"] for each in (whole, without))
    expected = next(both) - next(both)
    np.testing.assert_allclose(table["difference"], expected[table.index])
    assert (table["difference"].drop("mean_specificity") > 0.01).all()
    assert found.seen + found.unseen == whole.counts.evaluated
    assert found.units == 15, "patients who were seen, the fewer"

    right = whole.true == whole.predicted
    kept = np.isin(whole.sample_ids, without.sample_ids)
    _, patient = np.unique(whole.unit_of, return_inverse=True)
    rng = np.random.default_rng(9)
    drawn = []
    for _ in range(3000):
        times = np.bincount(rng.integers(0, 60, 60), minlength=60)[patient]
        drawn.append(
            np.average(right, weights=times) - np.average(right[kept], weights=times[kept])
        )
    reach = 2.1448 * np.std(drawn) * np.sqrt(15 / 14)  # Student's t of 14 degrees of freedom
    row = table.loc["top1_accuracy"]
    assert row["difference_high"] - row["difference"] == pytest.approx(reach, rel=0.1)
    assert row["difference"] - row["difference_low"] == pytest.approx(reach, rel=0.1)


def test_what_is_undefined_says_so() -> None:
    whole, _ = made()
    rows = whole.true != "SK"

    def part(rows: np.ndarray) -> Evaluation:
        return evaluate(
            whole.true[rows],
            CLASSES,
            np.log(whole.probabilities[rows]),
            whole.sample_ids[rows],
            whole.unit_of[rows],
            replicates=50,
        )

    lost = leakage_premium(whole, part(rows))
    table = lost.table.set_index("measure")
    assert np.isnan(table.loc["balanced_accuracy", ["difference", "difference_low"]]).all()
    assert np.isfinite(table.loc["top1_accuracy", "difference"])
    assert any("No image of SK is left" in note for note in lost.notes)
    nothing = leakage_premium(whole, part(np.full(rows.size, False)))
    assert nothing.table[["without", "difference", "difference_low"]].isna().all(axis=None)
    assert "nothing is left" in nothing.notes[0] and nothing.unseen == 0
    one = leakage_premium(whole, part(whole.unit_of != "patient 0"))
    assert one.units == 1 and one.table["difference_low"].isna().all()
    assert "no interval of the difference" in one.notes[0]
    with pytest.raises(InputError, match="of its images are others"):
        leakage_premium(part(rows), whole)
