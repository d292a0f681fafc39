import shutil
from pathlib import Path

import numpy as np
import pandas as pd

from dermxai.data import load_dataset
from dermxai.data.audit import audit, torn


def test_patients_and_lesions_in_two_splits_are_found(draw, tmp_path: Path) -> None:
    draw(*(f"{k}.png" for k in range(6)))
    (tmp_path / "t.csv").write_text(
        "path,patient_id,lesion_id,split\n"
        "0.png,p1,l1,train\n1.png,p1,l1,test\n2.png,p2,l2,train\n3.png,p2,l3,train\n"
        "4.png,,l3,test\n5.png,,,\n"
    )
    found = audit(load_dataset(tmp_path))
    assert found.patients.to_dict("records") == [
        {"patient_id": "p1", "splits": "test, train", "images": 2}
    ]
    assert found.lesions["lesion_id"].tolist() == ["l1", "l3"]
    assert found.duplicates.empty


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


def test_the_same_image_under_two_names_is_found(draw, tmp_path: Path) -> None:
    draw("train/LP/a.png", "train/LP/b.png", "test/LP/c.png")
    (tmp_path / "test/Pso").mkdir()
    shutil.copyfile(tmp_path / "train/LP/a.png", tmp_path / "test/Pso/a.png")
    found = audit(load_dataset(tmp_path)).duplicates
    assert found["sample_id"].tolist() == ["test/Pso/a.png", "train/LP/a.png"]
    assert found["group"].tolist() == [1, 1]
    assert found["split"].tolist() == ["test", "train"]
    assert found["label"].tolist() == ["Pso", "LP"]


def test_a_sound_dataset_has_no_findings(draw) -> None:
    found = audit(load_dataset(draw("LP/a.png", "LP/b.png")))
    assert found.patients.empty
    assert found.lesions.empty
    assert found.duplicates.empty


def test_duplicates_inside_an_archive(tmp_path: Path) -> None:
    arrays = np.random.default_rng(0).integers(0, 256, (3, 8, 8)).astype(np.uint8)
    np.savez_compressed(tmp_path / "a.npz", train_images=arrays, test_images=arrays[1:2])
    found = audit(load_dataset(tmp_path / "a.npz")).duplicates
    assert found["sample_id"].tolist() == ["test-0", "train-1"]
