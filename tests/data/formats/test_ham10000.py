from pathlib import Path

import pytest

from dermxai.data import load_dataset

HEADER = "lesion_id,image_id,dx,dx_type,age,sex,localization\n"
ROWS = "HAM_1,ISIC_1,bkl,histo,80.0,male,scalp\nHAM_2,ISIC_2,mel,histo,,unknown,unknown\n"


def laid_out(folder: Path, name: str = "HAM10000_metadata.csv") -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(HEADER + ROWS)
    return path


@pytest.mark.parametrize("name", ["HAM10000_metadata.csv", "HAM10000_metadata", "x/a_metadata.tab"])
def test_the_folder_is_recognised(draw, tmp_path: Path, name: str) -> None:
    draw("HAM10000_images_part_1/ISIC_1.jpg", "HAM10000_images_part_2/ISIC_2.jpg")
    draw("HAM10000_segmentations_lesion_tschandl/ISIC_1_segmentation.png")
    laid_out(tmp_path, name)
    samples = load_dataset(tmp_path).samples
    assert samples["sample_id"].tolist() == ["ISIC_1", "ISIC_2"]
    assert samples["label"].tolist() == ["SK", "mel"]
    assert samples["source_label"].tolist() == ["bkl", "mel"]
    assert samples["mask_path"].notna().tolist() == [True, False]
    assert samples["sex"].isna().tolist() == [False, True]
    assert samples["site"].isna().tolist() == [False, True]
    assert samples["dx_type"].tolist() == ["histo", "histo"]


def test_the_metadata_file_is_recognised(draw, tmp_path: Path) -> None:
    draw("ISIC_1.jpg", "ISIC_2.jpg")
    assert len(load_dataset(laid_out(tmp_path))) == 2


def test_a_table_with_paths_of_its_own_is_read_as_a_table(draw, tmp_path: Path) -> None:
    draw("elsewhere/a.jpg")
    (tmp_path / "t.csv").write_text("image_id,dx,path\nISIC_1,nv,elsewhere/a.jpg\n")
    assert load_dataset(tmp_path).samples["label"].tolist() == ["MN"]


def test_an_image_that_is_not_there_is_listed(draw, tmp_path: Path) -> None:
    draw("images/ISIC_2.jpg")
    laid_out(tmp_path)
    dataset = load_dataset(tmp_path)
    assert dataset.samples["sample_id"].tolist() == ["ISIC_2"]
    assert [problem.item for problem in dataset.problems] == ["ISIC_1"]


@pytest.mark.real
def test_the_real_sample(real_data: Path) -> None:
    dataset = load_dataset(real_data)
    assert len(dataset) == 1255
    assert [problem.reason for problem in dataset.problems] == ["no images, left out: 1 .md"]
    assert dataset.samples["label"].value_counts().to_dict() == {
        **{"MN": 300, "SK": 250, "mel": 250, "BCC": 200, "akiec": 150, "Hem": 60, "DF": 45}
    }
    assert dataset.samples["age"].isna().sum() == 5
    for sample_id in dataset.samples["sample_id"][::200]:
        mask = dataset.mask(sample_id)
        assert mask is not None
        assert mask.shape == dataset.image(sample_id).shape[:2]
        assert 0.01 <= mask.mean() <= 0.95


def test_names_mapped_to_paths_are_names(draw, tmp_path: Path) -> None:
    (tmp_path / "HAM10000_metadata.csv").write_text("image_id,dx\na,nv\n")
    draw("a.jpg")
    assert len(load_dataset(tmp_path, columns={"path": "image_id"})) == 1


def test_the_test_set_that_is_described_alike(draw, tmp_path: Path) -> None:
    (tmp_path / "HAM10000_metadata.csv").write_text("image_id,dx\na,nv\n")
    (tmp_path / "HAM10000_metadata.tab").write_text("image_id\tdx\na\tnv\n")
    (tmp_path / "ISIC2018_Task3_Test_GroundTruth.csv").write_text("image_id,dx\nb,bcc\n")
    draw("one/a.jpg", "two/b.jpg", "two/c.jpg")
    dataset = load_dataset(tmp_path)
    assert dataset.samples["label"].tolist() == ["MN", "BCC"]
    assert dataset.samples["split"].tolist()[1] == "test"
    assert [problem.item for problem in dataset.problems] == ["two/c.jpg"]


def test_rows_of_one_image_that_differ_are_listed(draw, tmp_path: Path) -> None:
    draw("a.jpg", "b.jpg")
    rows = ["a,nv,40", "a,nv,40", "b,nv,", "b,mel,50"]
    (tmp_path / "HAM10000_metadata.csv").write_text("\n".join(["image_id,dx,age", *rows]))
    dataset = load_dataset(tmp_path)
    assert dataset.samples["label"].tolist() == ["MN", "MN"]
    assert dataset.samples["age"].isna().tolist() == [False, True]
    assert [(problem.item, "kept" in problem.reason) for problem in dataset.problems] == [
        ("b", True)
    ]


def test_two_tables_of_one_image_complete_each_other(draw, tmp_path: Path) -> None:
    draw("a.jpg")
    (tmp_path / "HAM10000_metadata.csv").write_text("image_id,dx,age\na,nv,\n")
    (tmp_path / "HAM10000_metadata.tab").write_text("image_id\tdx\tage\tdataset\na\tnv\t40\tX\n")
    dataset = load_dataset(tmp_path)
    assert not dataset.problems
    assert dataset.row("a")[["label", "age", "dataset"]].tolist() == ["MN", 40, "X"]


def test_other_tables_are_said_to_be_left_out(draw, tmp_path: Path) -> None:
    draw("ISIC_1.jpg")
    (tmp_path / "HAM10000_metadata.csv").write_text("lesion_id,image_id,dx\nH1,ISIC_1,nv\n")
    (tmp_path / "ages.csv").write_text("image_id,age\nISIC_1,40\n")
    (problem,) = load_dataset(tmp_path).problems
    assert problem.item == "ages.csv" and "not read" in problem.reason
