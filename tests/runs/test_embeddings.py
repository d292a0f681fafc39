"""Embeddings of other networks: joined by id, kept with the run, chosen by name."""

import doctest
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.projection import open_projection, project
from dermxai.runs import Run, feature_spaces, open_run
from dermxai.runs.embeddings import import_embeddings
from dermxai.runs.files import RunFiles
from dermxai.runs.nearest_neighbours import nearest
from tests.generated import generated_run
from tests.runs.predictions import examples


@pytest.fixture
def run() -> Run:
    return generated_run(paths.runs() / "run", 40, heads={"final": 6})


def names(run: Run) -> np.ndarray[Any, Any]:
    return run.samples["sample_id"].to_numpy(dtype=str)


@pytest.fixture
def values(run: Run) -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).standard_normal((len(run), 9)).astype(np.float32)


def test_the_documented_example_runs(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(tiny_checkpoint, tmp_path / "checkpoint")
    examples.images(tmp_path / "images")
    for each in doctest.DocTestFinder().find(import_embeddings, "import_embeddings"):
        assert doctest.DocTestRunner().run(each).failed == 0


@pytest.mark.parametrize("kind", ["npz", "csv", "parquet", "lists"])
def test_rows_are_joined_by_id_whatever_their_order(
    kind: str, run: Run, values: np.ndarray[Any, Any], tmp_path: Path
) -> None:
    order = np.random.default_rng(1).permutation(len(run))
    file = tmp_path / f"DINO v2.{'parquet' if kind == 'lists' else kind}"
    table = pd.DataFrame(values[order], columns=[f"emb_{i}" for i in range(9)])
    table.insert(0, "image", names(run)[order])
    if kind == "npz":
        np.savez(file, ids=names(run)[order], embeddings=values[order])
    elif kind == "csv":
        table.assign(age=50, other_image="x").to_csv(file, index=False)
    elif kind == "parquet":
        table.to_parquet(file, index=False)
    else:
        table = table[["image"]].assign(vector=list(values[order]))
        table.to_parquet(file, index=False)
    assert import_embeddings(run, file) == "DINO-v2"
    found = feature_spaces.features(run, "DINO-v2")
    np.testing.assert_allclose(found, values, atol=1e-6)
    assert feature_spaces.names(run) == ("network", "DINO-v2")
    assert feature_spaces.imported(run)["DINO-v2"]["file"] == file.name


def test_neighbours_and_maps_are_of_the_space_that_is_asked_for(
    run: Run, values: np.ndarray[Any, Any], tmp_path: Path
) -> None:
    np.savez(tmp_path / "e.npz", ids=names(run), embeddings=values)
    before = project(run, "pca").coordinates
    import_embeddings(run, tmp_path / "e.npz", name="other")
    assert np.array_equal(project(run, "pca").coordinates, before)
    made = project(run, "pca", space="other")
    assert not np.allclose(np.abs(made.coordinates), np.abs(before))
    assert open_projection(run, "pca", space="other") is not None

    ids, code = names(run), run.classes[0]
    found = nearest(run, code, sample_id=ids[0], space="other")
    for each in found.found:
        row = int(run.index([each.sample_id])[0])
        assert each.distance == pytest.approx(np.linalg.norm(values[row] - values[0]), rel=1e-5)
    assert found.found != nearest(run, code, sample_id=ids[0]).found

    np.savez(tmp_path / "e2.npz", ids=names(run), embeddings=values[::-1])
    import_embeddings(run, tmp_path / "e2.npz", name="other")  # makes way, and so does its map
    assert open_projection(run, "pca", space="other") is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda ids, e: (ids[:-2], e[:-2]), "no embedding of 2 of the 40 images"),
        (lambda ids, e: (np.append(ids, ids[:1]), np.vstack([e, e[:1]])), "2 rows for the image"),
        (lambda ids, e: (ids, np.where(e > 2, np.nan, e)), "are not finite numbers"),
        (lambda ids, e: (np.char.add(ids, "x"), e), "None of the 40 rows of e.npz"),
        (lambda ids, e: (ids, e[:, 0]), r"has embeddings \(40,\) for 40 ids"),
        (lambda ids, e: (ids, e[:, :0]), "Features of 0 dimensions"),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(
    change: Any, said: str, run: Run, values: np.ndarray[Any, Any], tmp_path: Path
) -> None:
    ids, embeddings = change(names(run), values)
    np.savez(tmp_path / "e.npz", ids=ids, embeddings=embeddings)
    with pytest.raises(InputError, match=said):
        import_embeddings(run, tmp_path / "e.npz")
    assert feature_spaces.names(run) == ("network",)


@pytest.mark.parametrize("name", ["network", "scores", "../up", "a/b", "", "x" * 41, "a\nb"])
def test_a_name_that_cannot_be_is_refused(
    name: str, run: Run, values: np.ndarray[Any, Any], tmp_path: Path
) -> None:
    np.savez(tmp_path / "scores.npz", ids=names(run), embeddings=values)
    if name:
        with pytest.raises(InputError, match="cannot be called"):
            import_embeddings(run, tmp_path / "scores.npz", name=name)
    else:
        assert import_embeddings(run, tmp_path / "scores.npz", name=name) == "embeddings"


def test_damaged_or_foreign_spaces_are_left_out(
    run: Run, values: np.ndarray[Any, Any], tmp_path: Path
) -> None:
    np.savez(tmp_path / "e.npz", ids=names(run), embeddings=values)
    import_embeddings(run, tmp_path / "e.npz")
    files = RunFiles(run.root)
    about = json.loads(files.about_features("e").read_text())
    for name, text in {
        "broken": "{",
        "of others": json.dumps(about),
        "others": json.dumps(about | {"images": "x"}),
    }.items():
        files.about_features(name).write_text(text)
        np.save(files.features(name), values)
    assert feature_spaces.names(open_run(run.root)) == ("network", "e")
    with pytest.raises(InputError, match=r"no feature space 'others'; choose from network, e"):
        feature_spaces.features(run, "others")
    files.features("e").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"features e of run \w+ are damaged"):
        feature_spaces.features(run, "e")
    np.save(files.features("e"), values[:5])
    with pytest.raises(InputError, match=r"float32 \(5, 9\) for 40 images"):
        feature_spaces.features(run, "e")
