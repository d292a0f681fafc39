"""Coordinates against those of the libraries that compute them, called in the plainest way."""

from typing import Any

import numpy as np
import openTSNE
import pytest
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE, trustworthiness

from dermxai.projection import project
from dermxai.projection.components import principal_components
from dermxai.projection.projector import methods
from tests.generated import generated_run
from tests.verification import verified


@pytest.fixture
def features(tmp_path, monkeypatch):
    run = generated_run(tmp_path, 90, heads={"final": 12})
    return run, np.asarray(run.features, np.float64)


def number(name: str) -> str:
    return f"Coordinates: {methods()[name].title}"


def test_principal_components(features):
    run, values = features
    peer = PCA(2, svd_solver="full")
    expected, found = peer.fit_transform(values), project(run, "pca").coordinates
    signs = np.sign((expected * found).sum(axis=0))
    authority = "scikit-learn PCA"
    verified(number("pca"), authority, found, expected * signs, tolerance=1e-5, relative=True)
    shares = principal_components(values, 2)[1]
    expected = peer.explained_variance_ratio_
    verified("Variance along principal components", authority, shares, expected, tolerance=1e-9)


def affinities(data: np.ndarray, perplexity: float) -> np.ndarray:
    """Symmetric, of each image and its nearest 3 × perplexity: a Gaussian whose width the entropy
    asks for (van der Maaten and Hinton 2008)."""
    squares = ((data[:, None] - data[None]) ** 2).sum(axis=2)
    np.fill_diagonal(squares, np.inf)
    p = np.zeros_like(squares)
    for row, away in enumerate(squares):
        near = np.argsort(away, kind="stable")[: int(3 * perplexity)]
        low, high = 0.0, 1e4
        for _ in range(200):
            precision = (low + high) / 2
            shares = np.exp(-precision * (away[near] - away[near[0]]))
            shares /= shares.sum()
            entropy = -(shares[shares > 0] * np.log(shares[shares > 0])).sum()
            low, high = (precision, high) if entropy > np.log(perplexity) else (low, precision)
        p[row, near] = shares
    return (p + p.T) / 2 / len(p)


def test_t_sne_is_given_the_affinities_that_it_asks_for(features, monkeypatch):
    seen, fit = [], openTSNE.TSNE.fit

    def watched(self: openTSNE.TSNE, affinities: Any, initialization: np.ndarray) -> Any:
        seen.append(affinities.P.toarray())
        return fit(self, affinities=affinities, initialization=initialization)

    monkeypatch.setattr(openTSNE.TSNE, "fit", watched)
    run, values = features
    found = project(run, "tsne", {"perplexity": 10}).coordinates
    data = principal_components(values, 12)[0]
    authority = "affinities of t-SNE (van der Maaten and Hinton 2008), written out"
    expected = affinities(data, 10)
    verified(number("tsne"), authority, seen[0], expected, tolerance=1e-6, relative=True)
    start = (1e-4 * data[:, :2] / data[:, 0].std()).astype(np.float32)
    peer = TSNE(2, perplexity=10, init=start, method="exact", max_iter=750)
    verified(
        number("tsne"),
        "scikit-learn trustworthiness, beside that of its own exact TSNE",
        trustworthiness(values, found),
        trustworthiness(values, peer.fit_transform(data)),
        tolerance=0.05,
    )
