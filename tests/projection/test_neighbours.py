import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from dermxai.projection import neighbours
from dermxai.projection.neighbours import nearest


def quiet(done, total):
    pass


@given(st.integers(3, 60), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_equal_to_scikit_learn(n, d, seed):
    data = np.random.default_rng(seed).normal(size=(n, d))
    count = min(5, n - 1)
    indices, distances = nearest(data, count, quiet)
    expected, _ = NearestNeighbors(n_neighbors=count, algorithm="brute").fit(data).kneighbors()
    np.testing.assert_allclose(distances, expected, atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(data[indices] - data[:, None], axis=2), distances)
    assert (indices != np.arange(n)[:, None]).all()


def test_copies_are_neighbours_at_no_distance():
    indices, distances = nearest(np.repeat(np.eye(3), 4, axis=0), 3, quiet)
    assert not distances.any()
    assert sorted(indices[0]) == [1, 2, 3]


def test_blocks_change_nothing_and_are_reported(monkeypatch):
    data = np.random.default_rng(0).normal(size=(50, 4))
    whole = nearest(data, 4, quiet)
    monkeypatch.setattr(neighbours, "_CELLS", 50 * 7)
    steps = []
    parts = nearest(data, 4, lambda *step: steps.append(step))
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(one, other)
    assert steps[0] == (7, 50) and steps[-1] == (50, 50)


def test_whatever_progress_raises_stops_the_search():
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        nearest(np.eye(3), 1, stop)
