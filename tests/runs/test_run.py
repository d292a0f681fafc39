import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.runs.files import RunFiles
from dermxai.runs.listing import list_runs
from dermxai.runs.run import Run, open_run, run_id
from tests.generated import B4_HEADS, generated_run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return generated_run(tmp_path / "run", images=30)


def test_shapes_and_names(run: Run) -> None:
    assert run.logits.shape == (30, 8, 14)
    assert run.pooled.shape == (30, 2896)
    assert run.features.shape == (30, 1792)
    assert run.heads == tuple(B4_HEADS)
    assert len(run) == len(run.samples) == 30


def test_scores_sum_the_heads_and_probabilities_sum_to_one(run: Run) -> None:
    assert np.allclose(run.scores, np.asarray(run.logits).sum(axis=1), atol=1e-5)
    assert np.allclose(run.probabilities.sum(axis=1), 1)
    assert [run.classes[i] for i in run.scores.argmax(axis=1)] == list(run.predicted)


def test_features_are_the_inputs_of_the_final_head(run: Run) -> None:
    assert np.shares_memory(run.features, run.pooled)
    assert np.array_equal(run.features, np.asarray(run.pooled)[:, 2896 - 1792 :])


@pytest.mark.parametrize("name", ["logits", "pooled", "features", "scores", "probabilities"])
def test_arrays_refuse_to_be_written(run: Run, name: str) -> None:
    with pytest.raises(ValueError, match="read-only"):
        getattr(run, name)[0] = 0


def test_index_keeps_the_order_asked_for(run: Run) -> None:
    ids = list(run.samples["sample_id"])
    assert run.index([ids[7], ids[2]]).tolist() == [7, 2]
    assert run.index([]).tolist() == []


def test_index_names_a_sample_that_is_not_there(run: Run) -> None:
    with pytest.raises(InputError, match="'nobody'"):
        run.index(["nobody"])


def test_in_split_gives_positions(run: Run) -> None:
    assert run.in_split(None).tolist() == list(range(30))
    positions = run.in_split("test")
    assert set(run.samples["split"].iloc[positions]) == {"test"}
    assert len(positions) == (run.samples["split"] == "test").sum()


def test_in_split_names_the_splits_there_are(run: Run) -> None:
    with pytest.raises(InputError, match="train"):
        run.in_split("holdout")


def test_identity_depends_on_everything_that_goes_in() -> None:
    base = ("checkpoint", "dataset", {"precision": "float32"})
    others = [("x", *base[1:]), (base[0], "x", base[2]), (*base[:2], {"precision": "bfloat16"})]
    assert run_id(*base) == run_id(*base)
    assert len({run_id(*base), *(run_id(*other) for other in others)}) == 4


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"run\.json"):
        open_run(tmp_path / "absent")


def test_an_unfinished_run_is_refused(tmp_path: Path) -> None:
    RunFiles(tmp_path).plan.write_text("{}")
    with pytest.raises(InputError, match="not finished"):
        open_run(tmp_path)


@pytest.mark.parametrize("name", ["manifest", "samples", "logits", "pooled"])
@pytest.mark.parametrize("damage", ["truncated", "empty", "garbage", "missing"])
def test_a_damaged_run_is_refused(run: Run, name: str, damage: str) -> None:
    path: Path = getattr(RunFiles(run.root), name)
    content = path.read_bytes()
    damaged = {"truncated": content[: len(content) // 2], "empty": b"", "garbage": b"\x80garbage"}
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(damaged[damage])
    with pytest.raises(InputError):
        open_run(run.root)


@pytest.mark.parametrize("key", ["id", "classes", "heads", "problems"])
def test_a_manifest_without_a_key_is_refused(run: Run, key: str) -> None:
    manifest = RunFiles(run.root).manifest
    content = json.loads(manifest.read_text())
    del content[key]
    manifest.write_text(json.dumps(content))
    with pytest.raises(InputError, match=key):
        open_run(run.root)


def test_arrays_that_do_not_fit_the_samples_are_refused(run: Run) -> None:
    np.save(RunFiles(run.root).logits, np.zeros((29, 8, 14), np.float32))
    with pytest.raises(InputError, match="damaged"):
        open_run(run.root)


def test_a_run_of_before_fingerprints_opens_and_takes_no_image_for_changed(run: Run) -> None:
    assert run.fingerprints is None
    Path(run.samples["path"][0]).write_bytes(b"another")
    assert not run.has_changed(run.samples["sample_id"][0])
    with pytest.raises(InputError, match="'nobody'"):
        run.has_changed("nobody")


@pytest.mark.parametrize("content", [b"\x80garbage", b""])
def test_damaged_fingerprints_are_refused(run: Run, content: bytes) -> None:
    RunFiles(run.root).fingerprints.write_bytes(content)
    with pytest.raises(InputError, match="damaged"):
        open_run(run.root)


def test_fingerprints_that_do_not_fit_the_samples_are_refused(run: Run) -> None:
    np.save(RunFiles(run.root).fingerprints, np.full(29, b"0" * 64))
    with pytest.raises(InputError, match="29 fingerprints"):
        open_run(run.root)


@pytest.mark.parametrize("column", ["sample_id", "path", "label"])
def test_a_sample_table_without_a_column_is_refused(run: Run, column: str) -> None:
    run.samples.drop(columns=column).to_parquet(RunFiles(run.root).samples)
    with pytest.raises(InputError, match=f"has no {column}"):
        open_run(run.root)


def test_runs_are_listed_newest_first_and_unfinished_ones_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DERMXAI_HOME", str(tmp_path))
    assert list_runs() == []
    older = generated_run(paths.runs() / "older", images=2)
    newer = generated_run(paths.runs() / "newer", images=2)
    (paths.runs() / "unfinished").mkdir()
    assert list_runs() == [newer.root, older.root]


def test_a_run_of_the_papers_size_is_mapped_not_read(tmp_path: Path) -> None:
    run = open_run(generated_run(tmp_path, images=13_603, heads={"final": 32}).root)
    assert len(run) == 13_603
    assert isinstance(run.logits, np.memmap) and isinstance(run.pooled, np.memmap)


def test_reading_a_run_needs_no_torch() -> None:
    code = "import sys, dermxai.runs.run, dermxai.runs; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=paths.PROJECT)
