import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dermxai.core.errors import InputError
from dermxai.projection import open_projection, project
from dermxai.projection.methods.pca import Pca
from dermxai.projection.projector import methods
from tests.generated import generated_run


@pytest.fixture
def run(tmp_path: Path):
    return generated_run(tmp_path, 30, heads={"final": 8})


def test_a_projection_is_computed_once(run, monkeypatch):
    assert open_projection(run, "pca") is None
    first = project(run, "pca")
    monkeypatch.setattr(Pca, "embed", None)
    for again in (project(run, "pca"), open_projection(run, "pca")):
        np.testing.assert_array_equal(again.coordinates, first.coordinates)
        np.testing.assert_array_equal(again.sample_ids, first.sample_ids)
        assert (again.method, again.settings, again.notes) == (
            first.method,
            first.settings,
            first.notes,
        )


def test_the_same_number_written_otherwise_is_the_same_setting(run):
    project(run, "tsne", {"perplexity": 5})
    for settings in ({"perplexity": 5.0}, methods()["tsne"].settings(perplexity=5)):
        assert open_projection(run, "tsne", settings) is not None
    assert open_projection(run, "tsne", {"perplexity": 6}) is None
    assert open_projection(run, "tsne") is None


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 torn"])
def test_a_damaged_file_is_computed_again(run, content):
    made = project(run, "pca")
    (path,) = run.root.glob("projections/*.npz")
    path.write_bytes(content)
    assert open_projection(run, "pca") is None
    np.testing.assert_array_equal(project(run, "pca").coordinates, made.coordinates)


def test_a_file_of_other_images_is_not_taken(run, tmp_path):
    project(run, "pca")
    (stored,) = run.root.glob("projections/*.npz")
    other = generated_run(tmp_path / "other", 20, heads={"final": 8})
    target = other.root / "projections" / stored.name
    target.parent.mkdir()
    target.write_bytes(stored.read_bytes())
    assert open_projection(other, "pca") is None


def test_an_unknown_method_is_named_with_those_that_exist(run):
    with pytest.raises(InputError, match="pca, tsne, umap"):
        project(run, "isomap")


def test_nothing_slow_is_imported_before_it_is_needed():
    code = (
        "import sys; from dermxai.projection.projector import methods; methods(); "
        "print([name for name in ('torch', 'umap', 'openTSNE', 'numba') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
