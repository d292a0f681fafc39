import numpy as np
import pytest

from dermxai.core.errors import InputError
from dermxai.metrics import evaluate
from dermxai.metrics.evaluation import Evaluation
from dermxai.metrics.leakage import leakage_premium
from dermxai.metrics.notes import Note, Reason
from tests.verification import verified

CLASSES = ("MN", "BCC", "SK")


def made(patients: int = 60, seed: int = 0) -> tuple[Evaluation, Evaluation]:
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
        )

    return evaluated(np.full(seen.size, True)), evaluated(~seen)


def test_the_premium_is_the_difference_of_both_evaluations_and_its_interval_is_paired() -> None:
    whole, without = made()
    found = leakage_premium(whole, without)
    table = found.table.set_index("measure")
    both = (each.overall.set_index("measure")["value"] for each in (whole, without))
    expected = next(both) - next(both)
    verified(
        "Leakage premium",
        "one evaluation less the other",
        table["difference"].to_numpy(),
        expected[table.index].to_numpy(),
        tolerance=1e-12,
    )
    assert (table["difference"].drop("mean_specificity") > 0.01).all()
    assert found.seen + found.unseen == whole.counts.evaluated
    assert found.units == 15, "patients who were seen, the fewer"

    right = whole.true == whole.predicted
    kept = np.isin(whole.sample_ids, without.sample_ids)
    _, patient = np.unique(whole.unit_of, return_inverse=True)
    of = np.array([np.flatnonzero(patient == one)[0] for one in range(60)])
    rng, drawn = np.random.default_rng(9), []
    for _ in range(3000):  # seen and unseen patients are drawn apart
        times = np.zeros(60)
        for kind in (kept[of], ~kept[of]):
            who = np.flatnonzero(kind)
            times += np.bincount(rng.choice(who, who.size), minlength=60)
        weight = times[patient]
        unseen = np.average(right[kept], weights=weight[kept])
        drawn.append((1 - kept.mean()) * (np.average(right[~kept], weights=weight[~kept]) - unseen))
    reach = 2.05 * np.std(drawn)  # Student's t of 45 patients
    row = table.loc["top1_accuracy"]
    assert row["difference_high"] - row["difference"] == pytest.approx(reach, rel=0.2)
    assert row["difference"] - row["difference_low"] > 0.8 * reach  # no error among the seen


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
        )

    lost = leakage_premium(whole, part(rows))
    table = lost.table.set_index("measure")
    assert np.isnan(table.loc["balanced_accuracy", ["difference", "difference_low"]]).all()
    assert np.isfinite(table.loc["top1_accuracy", "difference"])
    assert Note(Reason.CLASSES_LOST, ("SK",)) in lost.notes
    nothing = leakage_premium(whole, part(np.full(rows.size, False)))
    assert nothing.table[["without", "difference", "difference_low"]].isna().all(axis=None)
    assert nothing.notes[0] == Note(Reason.ALL_SEEN) and nothing.unseen == 0
    one = leakage_premium(whole, part(whole.unit_of != "patient 0"))
    assert one.units == 1 and one.table["difference_low"].isna().all()
    assert one.notes[0] == Note(Reason.FEW_SEEN_OR_UNSEEN, unit="patients")
    few = np.isin(whole.true, ("MN", "BCC")) | np.isin(
        whole.unit_of, np.unique(whole.unit_of[whole.true == "SK"])[:6]
    )
    rare = leakage_premium(part(few), part(few & (np.arange(few.size) % 2 == 0)))
    table = rare.table.set_index("measure")
    assert np.isfinite(table.loc["balanced_accuracy", "difference"])
    assert np.isnan(table.loc["balanced_accuracy", "difference_low"])
    assert np.isfinite(table.loc["top1_accuracy", "difference_low"])
    with pytest.raises(InputError, match="of its images are others"):
        leakage_premium(part(rows), whole)


def test_means_over_rare_classes_have_no_interval_of_their_difference_either() -> None:
    """A class of four patients, in whom the network is always right: no spread."""
    whole, without = made()
    rare = np.unique(whole.unit_of[whole.true == "SK"])[:4]

    def thinned(of: Evaluation) -> Evaluation:
        rows = (of.true != "SK") | np.isin(of.unit_of, rare)
        scores = np.log(of.probabilities[rows])
        scores[of.true[rows] == "SK"] = [0.0, 0.0, 9.0]
        return evaluate(of.true[rows], CLASSES, scores, of.sample_ids[rows], of.unit_of[rows])

    found = leakage_premium(thinned(whole), thinned(without))
    table = found.table.set_index("measure")
    assert np.isnan(table.loc["balanced_accuracy", ["low", "difference_low"]]).all()
    assert np.isfinite(table.loc["balanced_accuracy", "difference"])
    assert np.isfinite(table.loc["top1_accuracy", "difference_low"])
    rare_differences = Note(Reason.RARE_DIFFERENCES, unit="patients")
    assert rare_differences in found.notes
    assert rare_differences not in leakage_premium(whole, without).notes
