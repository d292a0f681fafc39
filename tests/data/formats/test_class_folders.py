from pathlib import Path

import pandas as pd
import pytest

from dermxai import taxonomy
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
    folder = draw("LP/a.jpg", "melanocytic nevus/b.png", "bkl/a.jpg", "脱发/<b>.png")
    assert described(folder, "label") == {
        "LP/a.jpg": ("LP",),
        "bkl/a.jpg": ("SK",),
        "melanocytic nevus/b.png": ("MN",),
        "脱发/<b>.png": ("脱发",),
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
        ("ward/p7/1.jpg", None, "p7", None),
        ("LP/Pso/1.jpg", "LP", None, None),
        # containers are no class and no patient
        ("data/1.jpg", None, None, None),
        ("feature_extraction/1.jpg", None, None, None),
        ("Challenge_Training_Data/1.jpg", None, None, None),
        ("HAM10000_images_part_1/1.jpg", None, None, None),
        ("export/images/LP/1.jpg", "LP", None, None),
        ("LP/images/1.jpg", "LP", None, None),
        ("LP/dermoscopic/p7/1.jpg", "LP", "p7", None),
        ("Dataset/Train_Images/melanoma_in_situ/1.jpg", "mel", None, "train"),
        ("p7/LP/1.jpg", "LP", "p7", None),
        ("Benign/nevus/1.jpg", "MN", None, None),
        ("unknown/1.jpg", None, None, None),
        ("皮肤图片/银屑病/1.jpg", "Pso", None, None),
        ("Bilder/Schuppenflechte/Patient 3/1.jpg", "Pso", "Patient 3", None),
    ],
)
def test_folders_around_classes_and_splits_within(
    draw, name: str, label: str, patient: str | None, split: str | None
) -> None:
    row = load_dataset(draw(name)).samples.iloc[0]
    row = row.astype(object).where(row.notna(), None)
    found = {key: row.get(key) for key in ("label", "patient_id", "split")}
    assert found == {"label": label, "patient_id": patient, "split": split}


def test_folders_of_several_names_are_classes_or_ids(draw, tmp_path: Path) -> None:
    cases: dict[str, tuple[list[object], list[object]]] = {
        "numbers": (["0", "1"], [None, None]),
        "class": (["class 1", "class 2"], [None, None]),
        "own": (["frobnication", "quux"], [None, None]),
        "IMD": ([None, None], ["IMD003", "IMD009"]),
        "patient": ([None, None], ["patient 12", "patient 31"]),
    }
    folders = {
        "numbers": ("0", "1"),
        "class": ("class 1", "class 2"),
        "own": ("frobnication", "quux"),
        "IMD": ("IMD003/IMD003_Dermoscopic_Image", "IMD009/IMD009_Dermoscopic_Image"),
        "patient": ("patient 12", "patient 31"),
    }
    for name, (labels, patients) in cases.items():
        draw(*(f"{name}/{folder}/{k}.jpg" for k, folder in enumerate(folders[name])))
        samples = load_dataset(tmp_path / name).samples
        none = pd.Series([None] * 2, dtype="object")
        found = samples["label"].astype(object), samples.get("patient_id", none).astype(object)
        assert [column.where(column.notna(), None).tolist() for column in found] == [
            labels,
            patients,
        ], name


@pytest.mark.parametrize("code", [*taxonomy.CODES, "mel", "akiec", "SCC"])
def test_no_class_is_a_container(draw, code: str) -> None:
    assert load_dataset(draw(f"{code}/a.jpg")).samples["label"].tolist() == [code]


def test_how_the_levels_were_read_is_told(draw) -> None:
    folder = draw("export/LP/p1/a.jpg", "export/quux/p2/b.jpg", "export/images/c.jpg")
    levels = load_dataset(folder).reading.levels
    assert [(each.level, each.role, each.guessed) for each in levels] == [
        (1, "nothing", False),
        (2, "class", True),
        (2, "nothing", False),
        (3, "patient", True),
    ]
    assert levels[1].examples == ("LP", "quux")


def test_a_person_says_what_a_level_is(draw) -> None:
    folder = draw("ward/LP/a.jpg", "ward/Pso/b.jpg", "other ward/Pso/c.jpg")
    dataset = load_dataset(folder, levels={"1": "class", "2": "patient"})
    assert dataset.samples["label"].tolist() == ["other ward", "ward", "ward"]
    assert dataset.samples["patient_id"].tolist() == ["Pso", "LP", "Pso"]
    assert not any(level.guessed for level in dataset.reading.levels)
    again = load_dataset(dataset.source, **dataset.options)
    assert again.fingerprint == dataset.fingerprint
    dataset = load_dataset(folder, levels={"2": "nothing"})
    assert "patient_id" not in dataset.samples
    for levels, said in (({"3": "class"}, "no level '3'"), ({"1": "ward"}, "class, patient")):
        with pytest.raises(InputError, match=said):
            load_dataset(folder, levels=levels)


def test_the_masks_and_regions_of_ph2_are_no_images(draw) -> None:
    folder = draw(
        *(f"PH2/IMD{k}/IMD{k}_Dermoscopic_Image/IMD{k}.bmp" for k in ("003", "009")),
        *(f"PH2/IMD{k}/IMD{k}_lesion/IMD{k}_lesion.bmp" for k in ("003", "009")),
        "PH2/IMD009/IMD009_roi/IMD009_R1_Label3.bmp",
    )
    dataset = load_dataset(folder)
    assert [Path(path).name for path in dataset.samples["path"]] == ["IMD003.bmp", "IMD009.bmp"]
    assert dataset.samples["label"].isna().all()
    assert [Path(path).name for path in dataset.samples["mask_path"]] == [
        "IMD003_lesion.bmp",
        "IMD009_lesion.bmp",
    ]
    (problem,) = dataset.problems
    assert "IMD009_R1_Label3.bmp" in problem.item and "regions" in problem.reason


@pytest.mark.parametrize(
    "mask",
    [
        *("GT/a.png", "LP/a_gt.png", "Ground Truth/LP/a.png", "LP/a-seg.png"),
        *("HAM_segmentations_lesion/a.png", "lesion_masks/a.png", "LP/a_contour.png"),
        "LP/amask.png",
    ],
)
def test_masks_lie_beside_under_other_names(draw, mask: str) -> None:
    dataset = load_dataset(draw("LP/a.jpg", "LP/b.jpg", mask))
    assert len(dataset) == 2 and dataset.mask("LP/a.jpg") is not None


def test_contours_lie_beside_originals(draw) -> None:
    dataset = load_dataset(draw("mel/D1_orig.jpg", "mel/D1_contour.png", "nevus/D2_orig.jpg"))
    assert len(dataset) == 2 and dataset.problems == ()
    assert dataset.mask("mel/D1_orig.jpg") is not None


def test_the_folder_of_a_collection_is_no_patient(draw) -> None:
    dataset = load_dataset(draw("PASSION_collection_2020/a.jpg", "PASSION_collection_2020/b.jpg"))
    assert "patient_id" not in dataset.samples


@pytest.mark.parametrize(
    "mark", ["LP/a_superpixels.png", "ROI/a.png", "LP/a_attribute_streaks.png"]
)
def test_marked_regions_are_neither_images_nor_masks(draw, mark: str) -> None:
    dataset = load_dataset(draw("LP/a.jpg", "LP/b.jpg", mark))
    assert len(dataset) == 2 and "mask_path" not in dataset.samples
    assert [problem.item for problem in dataset.problems] == [mark]


def test_an_image_whose_name_ends_as_a_mask_may_is_an_image(draw) -> None:
    dataset = load_dataset(draw("LP/arm_lesion.jpg", "GT/b.jpg", "Pso/roi.jpg"))
    assert len(dataset) == 3 and not dataset.problems


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (("melanoma_001.png", "nevus (2).png"), ["mel", "MN"]),
        (("train/mel_1.png", "test/nv-2.png"), ["MN", "mel"]),
        (("ISIC_001.png", "nevus_2.png"), [None, None]),
        (("nevus_1.png", "nevus_2.png"), [None, None]),
        (("bcc/nevus_1.png", "bcc/melanoma_2.png"), ["BCC", "BCC"]),
        (("P1_melanoma_0.png", "P2_basal cell carcinoma_arm.png"), ["mel", "BCC"]),
        (("01-2020-left-nevus.png", "02-Melanoma.png"), ["MN", "mel"]),
        (("001mel.png", "002nv.png", "003nv.png"), ["mel", "MN", "MN"]),
        (("1黑色素瘤2.png", "2湿疹_3.png"), ["mel", "EAD"]),
        (("chickenpox_1.png", "melanoma_2.png", "unknown_3.png"), ["chickenpox", "mel", None]),
        (("a_melanoma_or_nevus_1.png", "b_nevus_1.png"), [None, None]),
        (("a_SK_1.png", "LP_1_b_c.png"), [None, None]),  # initials
    ],
)
def test_loose_images_may_be_called_as_their_diagnoses(
    draw, tmp_path: Path, names: tuple[str, ...], labels: list[str | None]
) -> None:
    dataset = load_dataset(draw(*names))
    found = dataset.samples["label"].astype(object)
    assert found.where(found.notna(), None).tolist() == labels
    guessed = any("in the files' names" in note for note in dataset.reading.notes)
    assert guessed == (labels[0] is not None and labels != ["BCC", "BCC"])
