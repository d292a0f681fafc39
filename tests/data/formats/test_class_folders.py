from pathlib import Path

import pytest

from dermxai.core.errors import InputError
from dermxai.data import load_dataset


def described(path: Path, *columns: str) -> dict[str, tuple[object, ...]]:
    samples = load_dataset(path).samples
    values = samples[list(columns)].astype(object)
    values = values.where(values.notna(), None)
    return {
        row["sample_id"]: tuple(value)
        for (_, row), value in zip(samples.iterrows(), values.to_numpy(), strict=True)
    }


def test_a_folder_is_a_class(draw) -> None:
    folder = draw("LP/a.jpg", "melanocytic nevus/b.png", "bkl/a.jpg", "痤疮/<b>.png")
    assert described(folder, "label") == {
        "LP/a.jpg": ("LP",),
        "bkl/a.jpg": ("SK",),
        "melanocytic nevus/b.png": ("MN",),
        "痤疮/<b>.png": ("痤疮",),
    }


def test_a_folder_inside_is_a_patient(draw) -> None:
    folder = draw("LP/p1/a.jpg", "LP/p2/a.jpg", "Pso/p1/b.jpg", "Pso/c.jpg")
    assert described(folder, "label", "patient_id") == {
        "LP/p1/a.jpg": ("LP", "p1"),
        "LP/p2/a.jpg": ("LP", "p2"),
        "Pso/c.jpg": ("Pso", None),
        "Pso/p1/b.jpg": ("Pso", "p1"),
    }


def test_folders_of_splits_stand_around_classes(draw) -> None:
    folder = draw("train/LP/a.jpg", "val/LP/p1/b.jpg", "test/Pso/c.jpg")
    assert described(folder, "split", "label", "patient_id") == {
        "test/Pso/c.jpg": ("test", "Pso", None),
        "train/LP/a.jpg": ("train", "LP", None),
        "val/LP/p1/b.jpg": ("validation", "LP", "p1"),
    }


def test_loose_images_have_no_label(draw) -> None:
    folder = draw("a.jpg", "images/b.jpg")
    assert described(folder, "label") == {"a.jpg": (None,), "images/b.jpg": (None,)}


def test_masks_are_no_images(draw) -> None:
    folder = draw("LP/a.jpg", "LP/a_segmentation.png", "LP/b.jpg")
    dataset = load_dataset(folder)
    assert len(dataset) == 2
    assert dataset.mask("LP/a.jpg") is not None
    assert dataset.mask("LP/b.jpg") is None


def test_a_mask_without_its_image_is_listed(draw) -> None:
    dataset = load_dataset(draw("LP/a.jpg", "LP/face_mask.jpg"))
    assert [problem.item for problem in dataset.problems] == ["LP/face_mask.jpg"]


def test_there_are_no_columns_to_map(draw) -> None:
    with pytest.raises(InputError, match="no table"):
        load_dataset(draw("LP/a.jpg"), columns={"label": "dx"})


@pytest.mark.parametrize(
    ("name", "label", "patient", "split"),
    [
        ("atlas/train/LP/1.jpg", "LP", None, "train"),
        ("LP/train/p7/1.jpg", "LP", "p7", "train"),
        ("photos of 2024/lichen planus/p7/1.jpg", "LP", "p7", None),
        ("ward/p7/1.jpg", "ward", "p7", None),
        ("LP/Pso/1.jpg", "LP", "Pso", None),
    ],
)
def test_folders_around_classes_and_splits_within(
    draw, name: str, label: str, patient: str | None, split: str | None
) -> None:
    row = load_dataset(draw(name)).samples.iloc[0]
    found = {key: row.get(key) for key in ("label", "patient_id", "split")}
    assert found == {"label": label, "patient_id": patient, "split": split}
