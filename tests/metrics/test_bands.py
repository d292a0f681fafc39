import math

import numpy as np
import pytest
from sklearn import metrics as sk

from dermxai.core.errors import InputError
from dermxai.metrics.bands import GRID, Band, bands
from dermxai.metrics.intervals import score_interval, shares
from tests.verification import verified

N = 211


def drawn(seed: int = 0, ties: bool = False, images: int = N) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    member = rng.random(images) < 0.3
    scores = rng.normal(size=images) + 1.2 * member
    return member, np.round(scores, 1) if ties else scores


def one(member: np.ndarray, scores: np.ndarray, clusters: np.ndarray, **options: int):
    (found,) = bands(member[:, None], scores[:, None], clusters, 0.95, **options)
    return found


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_curves_are_those_of_scikit_learn(seed: int, ties: bool) -> None:
    member, scores = drawn(seed, ties)
    found = one(member, scores, np.arange(N), replicates=2)
    fpr, tpr, _ = sk.roc_curve(member, scores, drop_intermediate=False)
    top = [tpr[fpr <= rate + 1e-12].max() for rate in GRID]  # where it leaves each rate
    last = [np.flatnonzero(fpr <= rate + 1e-12)[-1] for rate in GRID]
    expected = [
        float(high)
        if fpr[at] >= rate - 1e-12 or at + 1 == fpr.size
        else float(np.interp(rate, fpr[at : at + 2], tpr[at : at + 2]))
        for rate, at, high in zip(GRID, last, top, strict=True)
    ]
    verified(
        "ROC curve with its band: sensitivity at a false positive rate",
        "scikit-learn roc_curve with every point",
        found.roc.y,
        expected,
        tolerance=1e-12,
    )
    precision, recall, _ = sk.precision_recall_curve(member, scores)
    wanted = [np.nan] + [
        precision[recall >= share - 1e-12][np.argmin(recall[recall >= share - 1e-12])]
        for share in GRID[1:]
    ]
    # of equal recalls the highest threshold, whose precision is the best
    for at, share in enumerate(GRID[1:], 1):
        least = recall[recall >= share - 1e-12].min()
        wanted[at] = precision[np.isclose(recall, least)].max()
    verified(
        "Precision-recall curve with its band: precision at a recall",
        "scikit-learn precision_recall_curve",
        found.precision_recall.y,
        wanted,
        tolerance=1e-12,
    )


def curve_of(member: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sensitivity and precision by scikit-learn, on the grid; scores without ties."""
    fpr, tpr, _ = sk.roc_curve(member, scores, drop_intermediate=False)
    precision, recall, _ = sk.precision_recall_curve(member, scores)
    sensitivity = np.array([tpr[fpr <= rate + 1e-12].max() for rate in GRID])
    best = [
        precision[np.isclose(recall, recall[recall >= share - 1e-12].min())].max() for share in GRID
    ]
    return sensitivity, np.array(best)


def test_replicates_draw_whole_patients() -> None:
    """What points vary by, against a bootstrap written out, of patients and of images."""
    rng = np.random.default_rng(1)
    patients = np.repeat(np.arange(60), 4)
    # every second patient is of the class, all images of a patient are nearly alike
    member = patients % 2 == 0
    scores = rng.normal(size=60)[patients] + member + 0.05 * rng.normal(size=240)
    found = one(member, scores, patients)
    alone = one(member, scores, np.arange(240))
    wide = (found.roc.high - found.roc.low)[10:90]
    assert (wide > 1.3 * (alone.roc.high - alone.roc.low)[10:90]).all()
    drawn_ = []
    for _ in range(80):
        rows = np.concatenate([4 * each + np.arange(4) for each in rng.integers(0, 60, 60)])
        drawn_.append(curve_of(member[rows], scores[rows]))
    for band, of in ((found.roc, 0), (found.precision_recall, 1)):
        spread = np.std([each[of] for each in drawn_], axis=0)
        for at in (20, 40, 60):
            assert band.high[at] - band.low[at] > 2.4 * spread[at]


def test_a_fixed_threshold_is_the_least_that_a_band_varies_by() -> None:
    member, scores = drawn(5)
    patients = np.arange(N) // 3
    found = one(member, scores, patients, replicates=300)
    at = 20
    cut = np.sort(scores[~member])[::-1][int(GRID[at] * (~member).sum())]
    hits = (scores > cut)[:, None]
    fixed = score_interval(shares(hits, member[:, None]), patients, 0.95)
    assert hits[member].mean() == found.roc.y[at]
    assert found.roc.low[at] < fixed.low[0] and found.roc.high[at] > fixed.high[0]


def test_the_same_images_have_the_same_band_whatever_else_is_asked() -> None:
    """Other classes, the order of the images, and how scores are scaled."""
    member, scores = drawn(2)
    other = np.random.default_rng(9).normal(size=N)
    patients = np.arange(N) // 2
    alone = one(member, scores, patients, replicates=100)
    both = bands(
        np.column_stack([~member, member]),
        np.column_stack([other, scores * 3 - 1]),
        patients,
        0.95,
        replicates=100,
    )
    for first, second in (
        (alone.roc, both[1].roc),
        (alone.precision_recall, both[1].precision_recall),
    ):
        for name in ("y", "low", "high"):
            np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def ends(band: Band) -> np.ndarray:
    return np.concatenate([band.low, band.high])


def test_degenerate_images() -> None:
    """One class, no image, constant scores, a perfect ranking, few patients."""
    member, scores = drawn(3)
    everyone = np.ones(N, dtype=bool)
    for none in (everyone, ~everyone):
        found = one(none, scores, np.arange(N), replicates=20)
        assert np.isnan(found.roc.y).all() and np.isnan(ends(found.precision_recall)).all()
    nothing = one(member[:0], scores[:0], np.zeros(0, dtype=int), replicates=20)
    assert np.isnan(nothing.roc.y).all()
    flat = one(member, np.zeros(N), np.arange(N), replicates=50)
    np.testing.assert_allclose(flat.roc.y, GRID)
    np.testing.assert_allclose(flat.precision_recall.y[1:], member.mean())
    perfect = one(member, member.astype(float), np.arange(N), replicates=50)
    assert (perfect.roc.y == 1).all() and (perfect.precision_recall.y[1:] == 1).all()
    assert (perfect.roc.low[1:] < 1).all() and (perfect.precision_recall.low[1:] < 1).all()
    few = one(member, scores, np.where(member, np.arange(N) % 4, 10 + np.arange(N)), replicates=50)
    assert np.isnan(ends(few.roc)).all() and np.isfinite(few.roc.y).all()
    for bad in (math.nan, math.inf):
        with pytest.raises(InputError, match="1 of 3 scores"):
            bands(np.ones((3, 1), dtype=bool), np.array([[0], [bad], [1]]), np.arange(3), 0.95)


def test_where_the_luck_of_one_patient_decides_there_is_no_band() -> None:
    member, scores = drawn(4)
    patients = np.where(member, np.arange(N), N + np.arange(N) % 10)
    found = one(member, scores, patients, replicates=100)
    assert np.isnan(found.roc.low[GRID < 0.0799]).all() and np.isfinite(found.roc.low[9:]).all()
    assert np.isfinite(found.precision_recall.low[50:]).all()
    fewer = one(member, scores, np.where(member, np.arange(N), N + np.arange(N) % 9), replicates=9)
    assert np.isnan(ends(fewer.precision_recall)).all() and np.isfinite(fewer.roc.low[20:]).all()
