import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from dermxai.projection import components
from dermxai.projection.components import principal_components, reduced


@given(st.integers(3, 40), st.integers(2, 40), st.integers(0, 2**32 - 1))
def test_equal_to_scikit_learn(n, d, seed):
    features = np.random.default_rng(seed).normal(size=(n, d)) * np.linspace(1, 3, d)
    reference = PCA(2, svd_solver="full")
    expected = reference.fit_transform(features)
    found, shares = principal_components(features, 2)
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-6)
    np.testing.assert_allclose(shares, reference.explained_variance_ratio_, atol=1e-9)


def test_blocks_give_what_one_block_gives(monkeypatch):
    features = np.random.default_rng(0).normal(size=(500, 6)).astype(np.float32)
    whole, _ = principal_components(features, 3)
    monkeypatch.setattr(components, "_BLOCK", 7)
    np.testing.assert_allclose(principal_components(features, 3)[0], whole, atol=1e-9)


@pytest.mark.parametrize(("n", "d"), [(30, 5), (5, 30)])
def test_signs_do_not_depend_on_the_order_of_images(n, d):
    features = np.random.default_rng(0).normal(size=(n, d))
    order = np.random.default_rng(1).permutation(n)
    found, _ = principal_components(features, 2)
    again, _ = principal_components(features[order], 2)
    np.testing.assert_allclose(again, found[order], atol=1e-9)


def test_components_without_variance_are_zero():
    found, shares = principal_components(np.outer([1.0, 2.0, 4.0], [3.0, 4.0]), 2)
    np.testing.assert_allclose(found[:, 1], 0, atol=1e-6)
    assert shares == pytest.approx([1, 0])
    alone, shares = principal_components(np.ones((1, 4)), 2)
    assert not alone.any() and not shares.any()


def test_what_neighbour_methods_get_is_said():
    features = np.random.default_rng(0).normal(size=(200, 80))
    data, (note,) = reduced(features)
    assert data.shape == (200, 50)
    assert "first 50 principal components" in note
    thin, _ = reduced(features[:, :1])
    assert thin.shape == (200, 2)
