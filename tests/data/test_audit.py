import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.data import Dataset, load_dataset
from dermxai.data.audit import torn


def test_a_file_under_two_labels_is_told(draw: Callable[..., Path], tmp_path: Path) -> None:
    draw("nevus/a.png", "melanoma/b.png", "melanoma/c.png")
    shutil.copy(tmp_path / "nevus/a.png", tmp_path / "melanoma/d.png")
    shutil.copy(tmp_path / "melanoma/b.png", tmp_path / "melanoma/e.png")
    (note,) = load_dataset(tmp_path).reading.notes
    assert note.startswith("2 images under several labels")
    assert "melanoma/d.png (mel), nevus/a.png (MN)" in note


def test_a_lesion_in_two_splits_is_told_where_its_patient_does_not_tell_it() -> None:
    columns = ["sample_id", "patient_id", "lesion_id", "split"]
    rows = [
        *(("a", "p1", "l1", "train"), ("b", "p1", "l1", "test")),
        *(("c", None, "l2", "train"), ("d", None, "l2", "test"), ("e", None, "l2", "test")),
        *(("f", "p2", "l3", "train"), ("g", None, "l3", "validation")),
        *(("h", "p3", "1", "train"), ("i", "p4", "1", "test"), ("j", None, None, "test")),
    ]
    samples = pd.DataFrame(rows, columns=columns, dtype="str")
    assert torn(samples).to_dict("records") == [
        {"kind": "lesion", "id": "l2", "splits": "test, train", "images": 3},
        {"kind": "patient", "id": "p1", "splits": "test, train", "images": 2},
        {"kind": "patient", "id": "p2", "splits": "train, validation", "images": 2},
    ]
    assert torn(samples.drop(columns="patient_id"))["id"].tolist() == ["1", "l1", "l2", "l3"]
    assert torn(samples.drop(columns="split")).empty


def files_of(dataset: Dataset) -> NDArray[np.bytes_]:
    found = [dataset.file_fingerprints[name] for name in dataset.samples["sample_id"]]
    return np.array(found, dtype=np.bytes_)


def test_copies_of_an_image_in_two_splits_are_found(draw, tmp_path: Path) -> None:
    draw("train/LP/a.png", "train/LP/b.png", "test/LP/c.png")
    (tmp_path / "test/Pso").mkdir()
    shutil.copyfile(tmp_path / "train/LP/a.png", tmp_path / "test/Pso/a.png")
    shutil.copyfile(tmp_path / "train/LP/b.png", tmp_path / "train/LP/d.png")
    dataset = load_dataset(tmp_path)
    assert torn(dataset.samples, files_of(dataset)).to_dict("records") == [
        {
            "kind": "image",
            "id": "test/Pso/a.png, train/LP/a.png",
            "splits": "test, train",
            "images": 2,
        }
    ]
    assert torn(dataset.samples.drop(columns="split"), files_of(dataset)).empty
    of_one = dataset.samples.assign(patient_id="p1")
    assert torn(of_one, files_of(dataset))["kind"].tolist() == ["patient"], "which tells it all"


def test_images_of_an_archive_are_no_copies_of_each_other(tmp_path: Path) -> None:
    arrays = np.random.default_rng(0).integers(0, 256, (3, 8, 8)).astype(np.uint8)
    np.savez_compressed(tmp_path / "a.npz", train_images=arrays, test_images=arrays[1:2])
    dataset = load_dataset(tmp_path / "a.npz")
    assert torn(dataset.samples, files_of(dataset)).empty
