"""Every projection method that is discovered keeps the contract of `dermxai.projection`."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.manifold import trustworthiness

from dermxai.core.errors import Cancelled, InputError
from dermxai.core.settings import described
from dermxai.projection import project
from dermxai.projection.contract import projection_faults
from dermxai.projection.projector import methods
from tests.generated import generated_run
from tests.verification import verified

SMALL = {"block 1": 3, "final": 12}


@pytest.fixture
def run_of(tmp_path: Path):
    def make(images: int, seed: int = 0, name: str = "run"):
        return generated_run(tmp_path / name, images, heads=SMALL, seed=seed)

    return make


@pytest.mark.parametrize("name", methods())
class TestMethod:
    def test_keeps_the_contract_that_authors_can_check(self, name):
        """Also of few, identical and degenerate images, and in another order of rows."""
        assert list(projection_faults(methods()[name])) == []

    def test_gives_each_image_two_finite_numbers(self, name, run_of):
        run = run_of(60)
        made = project(run, name)
        assert made.coordinates.shape == (60, 2) and made.coordinates.dtype == np.float32
        assert np.isfinite(made.coordinates).all()
        assert (made.coordinates.std(axis=0) > 0).all()
        assert made.sample_ids.tolist() == run.samples["sample_id"].tolist()
        assert made.method == name and made.notes

    def test_the_same_run_gives_the_same_map(self, name, run_of):
        first = project(run_of(40, name="one"), name).coordinates
        again = project(run_of(40, name="two"), name).coordinates
        np.testing.assert_array_equal(first, again)

    @pytest.mark.parametrize("images", [1, 2, 3, 4, 5, 6, 8])
    def test_few_images_have_a_place(self, name, images, run_of):
        made = project(run_of(images), name)
        assert made.coordinates.shape == (images, 2)
        assert np.isfinite(made.coordinates).all()
        assert made.notes

    def test_alike_images_lie_on_one_point(self, name, run_of, monkeypatch):
        run = run_of(10)
        monkeypatch.setitem(vars(run), "features", np.ones((10, 12), np.float32))
        made = project(run, name)
        assert not made.coordinates.any()
        assert "same features" in made.notes[0]

    def test_can_be_cancelled_and_leaves_nothing(self, name, run_of):
        run = run_of(40)
        steps = []

        def stopped(*step):
            steps.append(step)
            if len(steps) > 1:
                raise Cancelled

        with pytest.raises(Cancelled):
            project(run, name, progress=stopped)
        assert not list(run.root.glob("projections/*.npz"))

    def test_extreme_settings_are_possible(self, name, run_of):
        run = run_of(12)
        for bound in ("low", "high"):
            settings = {
                each.name: getattr(each, bound) for each in described(methods()[name].settings)
            }
            assert np.isfinite(project(run, name, settings).coordinates).all()

    def test_settings_outside_their_bounds_are_refused(self, name, run_of):
        run = run_of(5)
        for setting in described(methods()[name].settings):
            for wrong in (setting.low - 1, setting.high + 1, "x", np.nan):
                with pytest.raises(InputError, match=setting.name):
                    project(run, name, {setting.name: wrong})
        with pytest.raises(InputError, match="no setting 'colour' of"):
            project(run, name, {"colour": 1})

    def test_features_that_are_not_numbers_are_refused(self, name, run_of, monkeypatch):
        run = run_of(10)
        broken = np.ones((10, 12), np.float32)
        broken[3, 2] = np.nan
        monkeypatch.setitem(vars(run), "features", broken)
        with pytest.raises(InputError, match="1 of 10 images"):
            project(run, name)


def test_umap_is_given_the_neighbours_that_it_asks_for(run_of, monkeypatch):
    """Here, so that what UMAP compiles is compiled once: its graph against McInnes et al. 2018,
    algorithms 2 and 3, written out; how well it keeps neighbours against UMAP called plainly."""
    from umap import UMAP

    graphs, fit = [], UMAP.fit_transform

    def watched(self: UMAP, data: np.ndarray) -> np.ndarray:
        made = fit(self, data)
        graphs.append(self.graph_.toarray())
        return made

    monkeypatch.setattr(UMAP, "fit_transform", watched)
    run, count = run_of(60), 12
    found = project(run, "umap", {"n_neighbors": count}).coordinates
    data = np.asarray(run.features, np.float64)
    data -= data.mean(axis=0)
    away = np.linalg.norm(data[:, None] - data[None], axis=2)
    weights = np.zeros_like(away)
    for row, distances in enumerate(away):
        near = np.argsort(distances, kind="stable")[:count]  # itself among them
        beyond = np.maximum(distances[near] - np.sort(distances)[1], 0)
        low, high = 1e-9, 1e3
        for _ in range(100):
            width = (low + high) / 2
            total = np.exp(-beyond[1:] / width).sum()
            low, high = (width, high) if total < np.log2(count) else (low, width)
        weights[row, near[1:]] = np.exp(-beyond[1:] / width)
    title = f"Coordinates: {methods()['umap'].title}"
    expected = weights + weights.T - weights * weights.T
    authority = "the graph of neighbours (McInnes et al. 2018), written out"
    verified(title, authority, graphs[0], expected, tolerance=1e-4)
    peer = fit(UMAP(n_neighbors=count, random_state=0, n_jobs=1), data)
    verified(
        title,
        "scikit-learn trustworthiness, beside that of umap-learn called plainly",
        trustworthiness(data, found),
        trustworthiness(data, peer),
        tolerance=0.05,
    )
