from pathlib import Path
from typing import Literal
from unicodedata import normalize

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from dermxai.core.errors import InputError
from dermxai.data import load_dataset


def table(folder: Path, text: str, name: str = "t.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def test_paths_are_relative_to_the_table_or_absolute(draw, tmp_path: Path) -> None:
    draw("images/a.jpg", "other/b.jpg")
    path = table(tmp_path, f"path,label\nimages/a.jpg,LP\n{tmp_path}/other/b.jpg,Pso\n")
    samples = load_dataset(path).samples
    assert samples["sample_id"].tolist() == ["a", "b"]
    assert samples["path"].tolist() == [f"{tmp_path}/images/a.jpg", f"{tmp_path}/other/b.jpg"]
    assert samples["label"].tolist() == ["LP", "Pso"]


@pytest.mark.parametrize("value", ["a.jpg", "a", "deep\\er\\a.jpg"])
def test_names_ids_and_backslashes_are_found(draw, tmp_path: Path, value: str) -> None:
    draw("deep/er/a.jpg")
    dataset = load_dataset(table(tmp_path, f"image_id\tdiagnosis\n{value}\tMN\n", "t.tsv"))
    assert dataset.samples["path"].tolist() == [f"{tmp_path}/deep/er/a.jpg"]


@pytest.mark.parametrize("value", ["IMG_0.jpg", "img_0", "one/IMG_0.jpg", "one\\img_0.JPG"])
def test_names_in_another_case_are_found(draw, tmp_path: Path, value: str) -> None:
    draw("one/IMG_0.JPG", "masks/IMG_0.PNG")
    dataset = load_dataset(table(tmp_path, f"image_id,mask,label\n{value},masks/IMG_0.png,LP\n"))
    assert dataset.samples["path"].tolist() == [f"{tmp_path}/one/IMG_0.JPG"]
    assert dataset.samples["mask_path"].tolist() == [f"{tmp_path}/masks/IMG_0.PNG"]


@pytest.mark.parametrize("value", ["Müller/é 1.jpg", "é 1", "É 1.JPG"])
@pytest.mark.parametrize("on_disk", ["NFC", "NFD"])
def test_accents_may_be_put_together_otherwise(
    draw, tmp_path: Path, value: str, on_disk: Literal["NFC", "NFD"]
) -> None:
    draw(name := normalize(on_disk, "Müller/é 1.jpg"))
    for written in ("NFC", "NFD"):
        path = table(tmp_path, normalize(written, f"path,label\n{value},LP\n"))
        assert load_dataset(path).samples["path"].tolist() == [f"{tmp_path}/{name}"]


@pytest.mark.parametrize("name", ["none", ""])
@pytest.mark.parametrize("column", ["path", "image_id"])
def test_rows_without_an_image_are_listed_and_the_others_kept(
    draw, tmp_path: Path, column: str, name: str
) -> None:
    draw("one/a.jpg", "one/a_mask.png")
    dataset = load_dataset(table(tmp_path, f"{column},label\n{name},LP\na,MN\n"))
    assert dataset.samples["label"].tolist() == ["MN"]
    assert dataset.samples["mask_path"].tolist() == [f"{tmp_path}/one/a_mask.png"]
    assert len(dataset.problems) == 1


def test_of_two_names_that_differ_in_case_none_is_guessed(draw, tmp_path: Path) -> None:
    draw("one/a.jpg", "one/A.jpg")
    dataset = load_dataset(table(tmp_path, "path\none/a.jpg\none/a.JPG\n"))
    assert dataset.samples["path"].tolist() == [f"{tmp_path}/one/a.jpg"]
    assert any("one/a.JPG" in problem.reason for problem in dataset.problems)


def test_ids_are_paths_where_names_repeat(draw, tmp_path: Path) -> None:
    draw("x/1.jpg", "y/1.jpg")
    dataset = load_dataset(table(tmp_path, "path\nx/1.jpg\ny/1.jpg\n"))
    assert dataset.samples["sample_id"].tolist() == ["x/1.jpg", "y/1.jpg"]
    assert dataset.samples["label"].isna().all()


def test_a_path_given_twice_is_listed(draw, tmp_path: Path) -> None:
    draw("a.jpg")
    dataset = load_dataset(table(tmp_path, "path,label\na.jpg,LP\na.jpg,MN\n"))
    assert dataset.samples["label"].tolist() == ["LP"]
    assert [problem.item for problem in dataset.problems] == ["a"]


def test_columns_may_be_mapped(draw, tmp_path: Path) -> None:
    draw("a.jpg")
    path = table(tmp_path, "picture,first,second\nx.jpg,LP,Pso\n")
    with pytest.raises(InputError, match="picture, first, second"):
        load_dataset(path)
    path = table(tmp_path, "picture,first,second\na.jpg,LP,Pso\n")
    dataset = load_dataset(path, columns={"path": "picture", "label": "second"})
    assert dataset.samples["label"].tolist() == ["Pso"]
    assert dataset.samples["first"].tolist() == ["LP"]


def test_chinese_tables_from_a_spreadsheet(draw, tmp_path: Path) -> None:
    draw("图像/痤疮 一.jpg")
    text = "文件名;诊断;性别;年龄\n图像/痤疮 一.jpg;寻常痤疮;女;31\n"
    path = table(tmp_path, text, encoding="gb18030")
    row = load_dataset(path, label_map={"寻常痤疮": "AV"}).samples.iloc[0]
    assert (row["label"], row["sex"], row["age"]) == ("AV", "female", 31)
    assert row["source_label"] == "寻常痤疮"


def test_parquet_holds_what_csv_holds(draw, tmp_path: Path) -> None:
    draw("a.jpg", "b.jpg")
    rows = pd.DataFrame(
        {"path": ["a.jpg", "b.jpg"], "label": ["LP", None], "patient": [1.0, np.nan], "age": [3, 4]}
    )
    rows.to_parquet(tmp_path / "t.parquet")
    rows.to_csv(tmp_path / "t.csv", index=False)
    one, other = (load_dataset(tmp_path / f"t.{kind}") for kind in ("parquet", "csv"))
    pd.testing.assert_frame_equal(
        one.samples.drop(columns="patient_id"), other.samples.drop(columns="patient_id")
    )
    assert one.samples["patient_id"].tolist()[0] == "1"
    (tmp_path / "t.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match="Parquet"):
        load_dataset(tmp_path / "t.parquet")


@pytest.mark.parametrize("name", ["samples.csv", "anything.csv"])
def test_a_folder_is_its_only_table(draw, tmp_path: Path, name: str) -> None:
    draw("images/a.jpg", "images/b.jpg")
    table(tmp_path, "path,label\nimages/a.jpg,LP\n", name)
    table(tmp_path, "epoch,loss\n1,2\n", "history.csv")
    dataset = load_dataset(tmp_path)
    assert len(dataset) == 1
    assert dataset.name == tmp_path.name


def test_tables_named_after_splits_are_one_dataset(draw, tmp_path: Path) -> None:
    draw("a.jpg", "b.jpg")
    table(tmp_path, "path,label\na.jpg,LP\n", "train.csv")
    table(tmp_path, "path,label\nb.jpg,MN\n", "test.csv")
    assert load_dataset(tmp_path).samples["split"].tolist() == ["test", "train"]
    table(tmp_path, "path,label\nb.jpg,MN\n", "other.csv")
    with pytest.raises(InputError, match=r"other\.csv, test\.csv, train\.csv"):
        load_dataset(tmp_path)


def test_masks_and_evidence_of_a_table(draw, tmp_path: Path) -> None:
    draw("a.png", "b.png", "m/a.png", "e/a.png")
    text = "path,mask_path,evidence_path\na.png,m/a.png,e/a.png\nb.png,m/none.png,\n"
    dataset = load_dataset(table(tmp_path, text))
    mask, evidence = dataset.mask("a"), dataset.evidence("a")
    assert mask is not None
    assert mask.shape == (6, 8)
    assert evidence is not None
    assert dataset.mask("b") is None
    assert len(dataset) == 2
    assert "mask_path" in dataset.problems[0].reason


def test_a_folder_with_a_parquet_table_or_one_in_utf16(draw, tmp_path: Path) -> None:
    draw("one/images/a.jpg", "other/images/a.jpg")
    pd.DataFrame({"image_id": ["a"], "dx": ["LP"]}).to_parquet(tmp_path / "one/t.parquet")
    table(tmp_path / "other", "image_id,dx\na,LP\n", encoding="utf-16")
    for name in ("one", "other"):
        assert load_dataset(tmp_path / name).samples["label"].tolist() == ["LP"]


def test_masks_lie_with_the_images_of_a_table(draw, tmp_path: Path) -> None:
    draw("images/a.jpg", "masks/a.png", "images/b.jpg")
    dataset = load_dataset(table(tmp_path, "image_id,label\na,LP\nb,LP\n"))
    assert dataset.mask("a") is not None
    assert dataset.mask("b") is None


def test_images_that_no_row_names_are_counted(draw, tmp_path: Path) -> None:
    draw("images/a.jpg", "images/b.jpg", "images/c.jpg")
    dataset = load_dataset(table(tmp_path, "image_id,label\na,LP\n"))
    assert [problem.item for problem in dataset.problems] == ["images/b.jpg and 1 more"]


def test_a_table_that_names_no_image_of_its_folder_is_none_of_images(draw, tmp_path: Path) -> None:
    draw("LP/p1/a.jpg", "Pso/p2/b.jpg")
    table(tmp_path, "id,age\np1,40\np2,50\n", "patients.csv")
    dataset = load_dataset(tmp_path)
    assert dataset.samples["label"].tolist() == ["LP", "Pso"]
    assert [problem.item for problem in dataset.problems] == ["patients.csv"]
    table(tmp_path, "id,age,label\na,40,MN\nb,50,MN\n", "images.csv")
    assert load_dataset(tmp_path).samples["label"].tolist() == ["MN", "MN"]


@pytest.mark.parametrize(
    ("strange", "kind"),
    [(b"a.jpg", "bytes"), ({"bytes": b"1", "path": "a.jpg"}, "dict"), (["a.jpg"], "ndarray")],
)
def test_parquet_cells_that_are_no_names_are_refused(
    draw, tmp_path: Path, strange: object, kind: str
) -> None:
    draw("a.jpg")
    pd.DataFrame({"image": [strange]}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(InputError, match=f"holds values of type {kind}"):
        load_dataset(tmp_path / "t.parquet")


def test_parquet_keeps_numbers_that_name_files_and_its_index(draw, tmp_path: Path) -> None:
    draw("1.jpg", "2.jpg")
    rows = pd.DataFrame({"path": [1, 2]}, index=pd.Index(["x", "y"], name="sample_id"))
    rows.to_parquet(tmp_path / "t.parquet")
    samples = load_dataset(tmp_path / "t.parquet").samples
    assert samples["sample_id"].tolist() == ["x", "y"]
    assert [Path(path).name for path in samples["path"]] == ["1.jpg", "2.jpg"]


def test_parquet_keeps_the_digits_of_long_numbers(draw, tmp_path: Path) -> None:
    draw("a.jpg", "b.jpg")
    long = pd.array([12345678901234567, None], dtype="Int64")
    rows = pd.DataFrame({"path": ["a.jpg", "b.jpg"], "patient_id": long, "accession": long})
    rows.to_parquet(tmp_path / "t.parquet")
    row = load_dataset(tmp_path / "t.parquet").row("a")
    assert row[["patient_id", "accession"]].tolist() == ["12345678901234567"] * 2


def test_parquet_numbers_and_flags_may_be_missing(draw, tmp_path: Path) -> None:
    draw("a.jpg", "b.jpg")
    whole, flag = pd.array([1, None], dtype="Int64"), pd.array([True, None], dtype="boolean")
    rows = pd.DataFrame({"path": ["a.jpg", "b.jpg"], "whole": whole, "flag": flag})
    rows.to_parquet(tmp_path / "t.parquet")
    samples = load_dataset(tmp_path / "t.parquet").samples
    assert samples["whole"].dtype == np.float64
    assert samples["whole"][0] == 1
    assert samples.loc[1, ["whole", "flag"]].isna().all()


def test_a_small_parquet_file_that_unpacks_to_gigabytes_is_refused(tmp_path: Path) -> None:
    numbers = pa.array(np.zeros(20_000, np.int32))
    texts = pa.DictionaryArray.from_arrays(numbers, pa.array(["x" * 100_000]))
    parquet.write_table(pa.table({"path": texts}), tmp_path / "t.parquet", compression="zstd")
    assert (tmp_path / "t.parquet").stat().st_size < 10_000
    with pytest.raises(InputError, match=r"t\.parquet unpacks to more than 1 GB"):
        load_dataset(tmp_path / "t.parquet")
