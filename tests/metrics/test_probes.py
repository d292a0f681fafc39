import numpy as np
import pytest
from sklearn.linear_model import Ridge

from dermxai.metrics import probes
from dermxai.metrics.ranking import auc
from tests.verification import verified


def drawn(seed=0, n=150, d=30, patients=60):
    rng = np.random.default_rng(seed)
    clusters = rng.integers(patients, size=n)
    clusters = np.unique(clusters, return_inverse=True)[1]
    positive = clusters % 3 == 0
    features = rng.standard_normal((n, d)) * 10.0 ** rng.integers(-3, 4, d) + 5
    features[:, 0] += np.where(positive, 3, 0) * features[:, 0].std()
    return features, positive, clusters


@pytest.mark.parametrize(("n", "d"), [(150, 30), (60, 200)])
def test_a_probe_is_ridge_regression_on_standardised_features(n, d):
    features, positive, clusters = drawn(n=n, d=d)
    at = probes.coordinates(features, np.ones(n, dtype=bool))
    probe = probes.fitted(at, positive, clusters)
    standard = (features - features.mean(axis=0)) / features.std(axis=0)
    weight = np.where(positive, 0.5 / positive.sum(), 0.5 / (~positive).sum())
    centred = at - weight @ at
    alpha = probe.penalty * np.trace((centred * weight[:, None]).T @ centred) / at.shape[1]
    expected = Ridge(alpha=alpha, tol=1e-12).fit(standard, np.where(positive, 1, -1), weight)
    verified(
        "Score of a probe",
        "scikit-learn, Ridge",
        probe.scores(at),
        expected.predict(standard),
        tolerance=1e-8,
    )


def test_what_many_features_say_survives_the_principal_axes():
    rng = np.random.default_rng(0)
    n = 700
    positive = np.arange(n) % 2 == 0
    features = rng.standard_normal((n, 600)) + np.where(positive, 0.15, 0)[:, None]
    at = probes.coordinates(features, np.ones(n, dtype=bool))
    assert at.shape == (n, probes.MOST)
    found = probes.held_out(at, positive, np.arange(n), np.ones(n, dtype=bool))
    assert auc(positive, found) > 0.95


def test_no_patient_that_is_asked_moves_its_own_score():
    features, positive, clusters = drawn()
    asked = np.ones(len(features), dtype=bool)
    before = probes.held_out(features, positive, clusters, asked)
    fold = probes.folds(positive, clusters, probes.FOLDS)
    assert all(len(set(fold[clusters == each])) == 1 for each in np.unique(clusters))
    poisoned = features.copy()
    poisoned[fold == 0] *= -1e3
    after = probes.held_out(poisoned, positive, clusters, asked)
    honest = features[fold != 0], positive[fold != 0], clusters[fold != 0]
    probe = probes.fitted(*honest[:2], np.unique(honest[2], return_inverse=True)[1])
    assert before[fold == 0] == pytest.approx(probe.scores(features[fold == 0]))
    assert after[fold == 0] == pytest.approx(probe.scores(poisoned[fold == 0]))


def test_features_that_do_not_vary_say_nothing():
    positive = np.arange(20) % 2 == 0
    at = probes.coordinates(np.full((20, 4), 7.0), np.ones(20, dtype=bool))
    probe = probes.fitted(at, positive, np.arange(20))
    assert np.ptp(probe.scores(at)) == 0


def test_parts_hold_both_classes_and_whole_patients():
    _, positive, clusters = drawn()
    part = probes.share_of_patients(positive, clusters, 0.25, seed=3)
    assert positive[part].any() and not positive[part].all()
    assert not set(clusters[part]) & set(clusters[~part])
