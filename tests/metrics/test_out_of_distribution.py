"""Distances are those of scikit-learn; foreign classes lie farther."""

import numpy as np
import pytest
from sklearn.covariance import LedoitWolf
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

from dermxai.core.errors import InputError
from dermxai.metrics import probes
from dermxai.metrics.out_of_distribution import (
    MAHALANOBIS,
    NEIGHBOUR,
    NEIGHBOURS,
    RELATIVE,
    SCORES,
    detection,
    distances,
)
from tests.verification import verified

RNG = np.random.default_rng(0)
N = 300
LABELS = np.array(["EAD", "SD", "MN"], dtype=object)[RNG.integers(3, size=N)]
CENTRES = {"EAD": 0, "SD": 1, "MN": 2}
FEATURES = RNG.normal(size=(N, 8)) * np.arange(1, 9)
FEATURES[np.arange(N), [CENTRES[code] for code in LABELS]] += 6
FOREIGN = LABELS == "MN"
FEATURES[FOREIGN, 7] += 30
FITTING = ~FOREIGN & (RNG.random(N) < 0.6)
PATIENT = RNG.integers(100, size=N)


def test_distances_are_those_of_scikit_learn() -> None:
    found = distances(FEATURES, FITTING, LABELS, np.arange(N))
    assert set(found) == set(SCORES)
    at = probes.coordinates(FEATURES, FITTING)
    own, labels = at[FITTING], LABELS[FITTING]
    means = {code: own[labels == code].mean(axis=0) for code in set(labels)}
    centred = np.stack([row - means[code] for row, code in zip(own, labels, strict=True)])
    fitted = LedoitWolf(assume_centered=True).fit(centred)
    nearest = np.min([fitted.mahalanobis(at - mean) for mean in means.values()], axis=0)
    whole = LedoitWolf().fit(own)
    neighbours = NearestNeighbors(n_neighbors=NEIGHBOURS).fit(
        own / np.linalg.norm(own, axis=1, keepdims=True)
    )
    test = ~FITTING
    unit = at[test] / np.linalg.norm(at[test], axis=1, keepdims=True)
    for name, ours, theirs, tolerance in (
        (MAHALANOBIS, found[MAHALANOBIS], np.sqrt(nearest), 1e-8),
        (RELATIVE, found[RELATIVE], nearest - whole.mahalanobis(at), 1e-8),
        (NEIGHBOUR, found[NEIGHBOUR][test], neighbours.kneighbors(unit)[0][:, -1], 1e-4),
    ):
        verified(
            "Distance to training images",
            f"scikit-learn, {name}",
            ours,
            theirs,
            tolerance=tolerance,
        )


def test_no_neighbour_is_of_the_same_patient() -> None:
    """Training images of the patient are no neighbours, however near."""
    features = FEATURES.copy()
    rows = np.flatnonzero(FITTING)[: 2 * NEIGHBOURS]
    features[rows] = features[rows[0]]
    together = np.arange(N)
    together[rows] = rows[0]
    alone = distances(features, FITTING, LABELS, np.arange(N))[NEIGHBOUR][rows[0]]
    assert alone == pytest.approx(0, abs=1e-3)
    assert distances(features, FITTING, LABELS, together)[NEIGHBOUR][rows[0]] > 0.05


def test_foreign_images_are_detected_with_an_interval() -> None:
    found = distances(FEATURES, FITTING, LABELS, PATIENT)
    test = ~FITTING
    for score in found.values():
        made = detection(score[test], FOREIGN[test], PATIENT[test])
        verified(
            "AUC of foreign classes",
            "scikit-learn roc_auc_score",
            [made.area],
            [roc_auc_score(FOREIGN[test], score[test])],
            tolerance=1e-12,
            trivial=True,
        )
        assert made.low <= made.area <= made.high and made.curve.auc == pytest.approx(made.area)
    mixed = detection(RNG.normal(size=N) + FOREIGN, FOREIGN, PATIENT)
    assert 0.6 < mixed.low < mixed.area < mixed.high < 0.9
    assert (mixed.foreign, mixed.known) == (FOREIGN.sum(), N - FOREIGN.sum())


def test_degenerate_data() -> None:
    with pytest.raises(InputError, match="19 training images came"):
        distances(FEATURES, np.arange(N) < 19, LABELS, PATIENT)
    constant = distances(np.ones((N, 5)), FITTING, LABELS, PATIENT)
    assert all(np.isfinite(score).all() for score in constant.values())
    one = distances(FEATURES, FITTING & (LABELS == "EAD"), LABELS, PATIENT)
    assert np.isfinite(one[MAHALANOBIS]).all()
    alone = detection(np.arange(5.0), np.zeros(5, bool), np.arange(5))
    assert np.isnan(alone.area) and np.isnan(alone.low)
    part = detection(np.array([np.nan, 1, 2, 3]), np.array([1, 0, 1, 0], bool), np.arange(4))
    assert part.area == 0.5 and (part.foreign, part.known) == (1, 2)
