import math

import numpy as np
import pytest
import torch
import torchmetrics.functional.classification as tm
from scipy.optimize import minimize
from scipy.special import softmax
from scipy.stats import foldnorm
from sklearn import metrics as sk

from dermxai.core.errors import InputError
from dermxai.metrics.calibration import (
    BINS,
    TEMPERATURES,
    at_temperature,
    bin_of,
    brier,
    fitted_temperature,
    log_loss,
    reliability,
)
from dermxai.metrics.intervals import score_interval, shares
from tests.verification import verified

N, K = 400, 4


def drawn(seed: int = 0, sharper: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Labels drawn from the probabilities, which are told sharper than they are."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, (N, K))
    labels = np.array([rng.choice(K, p=row) for row in softmax(logits, axis=1)])
    return labels, softmax(logits * sharper, axis=1)


def top(labels: np.ndarray, told: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return told.max(axis=1), told.argmax(axis=1) == labels


@pytest.mark.parametrize("sharper", [0.5, 1.0, 2.0])
def test_expected_calibration_error(sharper: float) -> None:
    labels, told = drawn(1, sharper)
    found = reliability(*top(labels, told), np.arange(N), 0.95)
    theirs = tm.multiclass_calibration_error(
        torch.tensor(told), torch.tensor(labels), num_classes=K, n_bins=BINS, norm="l1"
    )
    authority = "torchmetrics multiclass_calibration_error"
    verified("Expected calibration error", authority, found.ece, float(theirs), tolerance=1e-6)
    assert found.bins["images"].sum() == N
    for row in found.bins.to_dict("records"):
        inside = (told.max(axis=1) > row["from"]) & (told.max(axis=1) <= row["to"])
        probability, right = (each[inside].mean() for each in top(labels, told))
        verified(
            "Reliability: shares and probabilities of bins",
            "the definition, written out",
            [row["probability"], row["share"], row["images"]],
            [probability, right, inside.sum()],
            tolerance=1e-12,
        )


def test_the_debiased_error_takes_off_what_noise_adds() -> None:
    """By drawing shares again, as Kumar et al. do; what is calibrated comes nearer to 0."""
    rng = np.random.default_rng(0)
    labels, told = drawn(2, 1.5)
    confidence, right = top(labels, told)
    found = reliability(confidence, right, np.arange(N), 0.95)
    bins = found.bins
    noise = np.zeros(len(bins))
    for place, row in enumerate(bins.to_dict("records")):
        residuals = (right - confidence)[bin_of(confidence) == round(row["from"] * BINS)]
        if residuals.size > 1:
            noise[place] = np.std(residuals, ddof=1) / math.sqrt(residuals.size)
    apart, weight = bins["share"] - bins["probability"], bins["images"] / N
    drawn_again = np.abs(apart.to_numpy() + noise * rng.normal(size=(200_000, len(bins))))
    expected = 2 * found.ece - float((drawn_again @ weight).mean())
    authority = "Kumar et al. 2019, shares drawn again"
    verified(
        "Expected calibration error, debiased",
        authority,
        found.ece_debiased,
        expected,
        tolerance=5e-4,
    )
    sizes = foldnorm.mean(np.abs(apart) / np.where(noise > 0, noise, 1), scale=noise)
    exact = 2 * found.ece - float(weight @ np.where(noise > 0, sizes, np.abs(apart)))
    assert found.ece_debiased == pytest.approx(exact)
    plain, mended = [], []
    for seed in range(30):
        each = reliability(*top(*drawn(seed)), np.arange(N), 0.95)
        plain.append(each.ece)
        mended.append(each.ece_debiased)
    assert np.mean(mended) < 0.6 * np.mean(plain)


def test_intervals_of_bins_are_those_of_shares_and_wider_over_patients() -> None:
    labels, told = drawn(3)
    confidence, right = top(labels, told)
    found = reliability(confidence, right, np.arange(N) // 4, 0.95)
    inside = bin_of(confidence) == bin_of(np.array([0.5]))[0]
    one = score_interval(shares(right[:, None], inside[:, None]), np.arange(N) // 4, 0.95)
    row = found.bins[found.bins["from"] == bin_of(np.array([0.5]))[0] / BINS].iloc[0]
    assert (row["low"], row["high"]) == (one.low[0], one.high[0])
    twice = np.repeat(np.arange(N), 4)
    alike = reliability(confidence[twice], right[twice], twice, 0.95)
    apart = reliability(confidence[twice], right[twice], np.arange(4 * N), 0.95)
    assert alike.ece == pytest.approx(apart.ece) and alike.ece_debiased < apart.ece_debiased


def test_brier_score_and_its_parts() -> None:
    labels, told = drawn(4, 1.7)
    found = brier(labels, told, np.arange(N), 0.95)
    theirs = sk.brier_score_loss(labels, told, labels=range(K), scale_by_half=False)
    verified("Brier score", "scikit-learn brier_score_loss", found.score, theirs, tolerance=1e-12)
    parts = np.zeros(4)
    for k in range(K):
        event, base = labels == k, (labels == k).mean()
        parts[2] += base * (1 - base)
        for each in np.unique(bin_of(told[:, k])):
            inside = bin_of(told[:, k]) == each
            share, mean = event[inside].mean(), told[inside, k].mean()
            parts[0] += inside.mean() * (mean - share) ** 2
            parts[1] += inside.mean() * (share - base) ** 2
            spread = told[inside, k] - mean
            parts[3] += (spread**2).sum() / N - 2 * (spread * (event[inside] - share)).sum() / N
    ours = [found.reliability, found.resolution, found.uncertainty, found.within]
    authority = "Murphy 1973, Stephenson et al. 2008, written out"
    verified("Brier score, decomposition", authority, ours, parts, tolerance=1e-12)
    assert found.low < found.score < found.high
    expected = sk.log_loss(labels, told, labels=range(K))
    authority = "scikit-learn log_loss"
    verified("Log loss", authority, log_loss(labels, told), expected, tolerance=1e-12)


@pytest.mark.parametrize("sharper", [0.4, 1.0, 3.0])
def test_temperature_of_the_lowest_loss(sharper: float) -> None:
    labels, told = drawn(5, sharper)
    found = fitted_temperature(labels, told, units=N)

    def loss(temperature: np.ndarray) -> float:
        scaled = softmax(np.log(told) / temperature[0], axis=1)
        return sk.log_loss(labels, scaled, labels=range(K))

    best = minimize(loss, [1.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-14})
    authority = "scipy Nelder-Mead on scikit-learn log_loss"
    verified("Temperature", authority, found.value, best.x[0], tolerance=1e-4)
    assert found.value == pytest.approx(sharper, rel=0.25) and not found.at_bound
    assert found.after <= found.before
    scaled = at_temperature(told, found.value)
    assert log_loss(labels, scaled) == pytest.approx(found.after)
    assert (scaled.argmax(axis=1) == told.argmax(axis=1)).all()
    np.testing.assert_allclose(at_temperature(told, 1.0), told)


def test_what_no_temperature_mends_is_told() -> None:
    told = softmax(np.eye(K)[np.arange(N) % K] * 2, axis=1)
    found = fitted_temperature(np.arange(N) % K, told, units=N)
    assert found.at_bound and found.value == pytest.approx(TEMPERATURES[0], rel=0.01)
    flat = fitted_temperature(np.arange(N) % K, np.full((N, K), 0.25), units=N)
    assert (flat.value, flat.before, flat.at_bound) == (1, flat.after, False)


def test_degenerate_sets() -> None:
    none = np.zeros((0, K))
    empty = np.zeros(0, dtype=int)
    found = reliability(none[:, 0], empty > 0, empty, 0.95)
    assert math.isnan(found.ece) and math.isnan(found.ece_debiased) and found.bins.empty
    assert math.isnan(brier(empty, none, empty, 0.95).score)
    assert math.isnan(log_loss(empty, none))
    with pytest.raises(InputError, match="No image"):
        fitted_temperature(empty, none, units=0)
    sure = np.eye(K)[np.zeros(20, dtype=int)]
    one = np.zeros(20, dtype=int)
    found = reliability(sure.max(axis=1), one == 0, np.arange(20), 0.95)
    assert (found.ece, found.ece_debiased, len(found.bins)) == (0, 0, 1)
    assert brier(one, sure, np.arange(20), 0.95).score == 0
    assert math.isfinite(fitted_temperature(one + 1, sure, units=20).value)
    for bad in (math.nan, -0.1, 1.1):
        with pytest.raises(InputError, match="1 of 20 probabilities"):
            reliability(np.append(sure[1:, 0], bad), one == 0, np.arange(20), 0.95)


def test_probabilities_of_each_class_by_itself_have_no_temperature() -> None:
    labels, told = drawn(6)
    alone = np.minimum(told * 1.5, 1)
    with pytest.raises(InputError, match="do not add up to 1"):
        fitted_temperature(labels, alone, units=N)
    assert math.isnan(log_loss(labels, alone)) and brier(labels, alone, np.arange(N), 0.95).score
    rounded = told * (1 + 4e-6)
    assert math.isfinite(log_loss(labels, rounded))
    assert math.isfinite(reliability(*top(labels, rounded), np.arange(N), 0.95).ece)
