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


ODD = {
    "one more axis": (
        (np.ones((6, 2, 1)), ()),
        r"array \(6, 2, 1\) of float64; expected \(6, 2\)",
    ),
    "three numbers": ((np.ones((6, 3)), ()), r"an array \(6, 3\) of float64"),
    "too few": ((np.ones((5, 2)), ()), r"an array \(5, 2\) of float64"),
    "turned": ((np.ones((2, 6)), ()), r"an array \(2, 6\) of float64"),
    "texts": ((np.full((6, 2), "1"), ()), "of <U1; expected"),
    "complex": ((np.ones((6, 2), complex), ()), "of complex128"),
    "a list": (([[1, 2]] * 6, ()), "the coordinates are a list; expected a NumPy array"),
    "not finite": ((np.full((6, 2), np.nan), ()), "12 of the coordinates are not finite"),
    "too large": ((np.full((6, 2), 1e300), ()), "12 of the coordinates are not finite"),
    "no notes": (np.ones((6, 2)), "embed gives a ndarray; expected coordinates and a tuple"),
    "odd notes": ((np.ones((6, 2)), (5,)), "a note is no text"),
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_no_projection_is_refused_and_names_the_method(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, sentence = ODD[name]
    run = generated_run(tmp_path / "run", 6, heads={"final": 12})
    monkeypatch.setattr(Pca, "embed", lambda *_: given)
    with pytest.raises(InputError, match=f"^PCA gives no map: .*{sentence}"):
        project(run, "pca")
    assert not list(run.root.glob("projections/*.npz"))
