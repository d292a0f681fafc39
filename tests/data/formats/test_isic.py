from pathlib import Path

import pytest

from dermxai.core.errors import InputError
from dermxai.data import load_dataset

CLASSES_2018 = "MEL,NV,BCC,AKIEC,BKL,DF,VASC"
CLASSES_2019 = "MEL,NV,BCC,AK,BKL,DF,VASC,SCC,UNK"


def truth(path: Path, classes: str, marks: dict[str, int | None]) -> Path:
    count = len(classes.split(","))
    lines = [
        ",".join([image, *(str(float(k == mark)) for k in range(count))])
        for image, mark in marks.items()
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([f"image,{classes}", *lines]))
    return path


def test_2018_with_its_three_parts(draw, tmp_path: Path) -> None:
    number = 0
    for part in ("Training", "Validation", "Test"):
        images = {f"ISIC_{number + k}": k for k in range(7)}
        number += 7
        name = f"ISIC2018_Task3_{part}_GroundTruth"
        truth(tmp_path / name / f"{name}.csv", CLASSES_2018, images)
        draw(*(f"ISIC2018_Task3_{part}_Input/{image}.jpg" for image in images))
    samples = load_dataset(tmp_path).samples
    codes = ["mel", "MN", "BCC", "akiec", "SK", "DF", "Hem"]
    assert sorted(samples["label"]) == sorted(codes * 3)
    assert samples["split"].value_counts().to_dict() == {"train": 7, "validation": 7, "test": 7}
    row = samples.set_index("sample_id").loc["ISIC_3"]
    assert (row["label"], row["split"]) == ("akiec", "train")


def test_2019_with_metadata(draw, tmp_path: Path) -> None:
    images = {f"ISIC_{k}_downsampled": k for k in range(9)}
    truth(tmp_path / "ISIC_2019_Training_GroundTruth.csv", CLASSES_2019, images)
    (tmp_path / "ISIC_2019_Training_Metadata.csv").write_text(
        "image,age_approx,anatom_site_general,lesion_id,sex\n"
        "ISIC_0_downsampled,55.0,anterior torso,BCN_1,female\n"
    )
    draw(*(f"ISIC_2019_Training_Input/{image}.jpg" for image in images))
    samples = load_dataset(tmp_path).samples
    codes = ["mel", "MN", "BCC", "akiec", "SK", "DF", "Hem", "SCC"]
    assert samples["label"].tolist()[:-1] == codes
    assert samples["label"].isna().tolist()[-1]  # "unknown" is no class
    assert samples["source_label"].tolist()[-1] == "UNK"
    first = samples.iloc[0]
    assert (first["age"], first["sex"], first["lesion_id"]) == (55, "female", "BCN_1")
    assert first["site"] == "anterior torso"


def test_the_file_itself_finds_its_images(draw, tmp_path: Path) -> None:
    name = "ISIC2018_Task3_Training_GroundTruth"
    path = truth(tmp_path / name / f"{name}.csv", CLASSES_2018, {"a": 1})
    with pytest.raises(InputError, match="No images beside"):
        load_dataset(path)
    draw("ISIC2018_Task3_Training_Input/a.jpg")
    assert load_dataset(path).samples["label"].tolist() == ["MN"]


def test_an_image_with_no_mark_stays_without_label(draw, tmp_path: Path) -> None:
    draw("a.jpg", "b.jpg")
    truth(tmp_path / "t.csv", CLASSES_2018, {"a": None, "b": 2})
    dataset = load_dataset(tmp_path)
    assert dataset.samples["label"].fillna("none").tolist() == ["none", "BCC"]
    assert [problem.item for problem in dataset.problems] == ["a"]


def test_two_parts_in_one_folder_keep_their_metadata(draw, tmp_path: Path) -> None:
    for part, image, age in (("Training", "a", 50), ("Test", "b", 60)):
        truth(tmp_path / f"ISIC_2019_{part}_GroundTruth.csv", CLASSES_2019, {image: 0})
        (tmp_path / f"ISIC_2019_{part}_Metadata.csv").write_text(
            f"image,age_approx,sex\n{image},{age},male\n"
        )
    draw("a.jpg", "b.jpg")
    samples = load_dataset(tmp_path).samples.set_index("sample_id")
    assert samples["age"].to_dict() == {"a": 50, "b": 60}
    assert samples["split"].to_dict() == {"a": "train", "b": "test"}


def test_a_ground_truth_written_otherwise(draw, tmp_path: Path) -> None:
    draw("a.jpg")
    path = truth(tmp_path / "truth.csv", CLASSES_2018, {"a": 1})
    text = path.read_text().replace("image,MEL", "Image, mel").replace(",", "\t")
    path.with_suffix(".tsv").write_text(text)
    path.unlink()
    assert load_dataset(tmp_path).samples["label"].tolist() == ["MN"]
