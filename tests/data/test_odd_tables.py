"""Tables of clinics: codes with their codebook, several readers, columns that disagree."""

from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook

from dermxai.data import load_dataset
from dermxai.data.dataset import Dataset

Draw = Callable[..., Path]
Rows = list[list[object]]
DATA: Rows = [["photo", "diagnosis", "sex"], *([k, 1 + k % 3, 1 + k % 2] for k in range(1, 9))]
CODED = ["MN", "BCC", "mel", "MN", "BCC", "mel", "MN", "BCC"]


def book(folder: Path, **sheets: Rows) -> None:
    workbook = Workbook()
    workbook.remove(workbook.active)
    for title, rows in sheets.items():
        sheet = workbook.create_sheet(title)
        for row in rows:
            sheet.append(row)
    workbook.save(folder / "clinic.xlsx")


def labels(dataset: Dataset) -> list[str | None]:
    found = dataset.samples.set_index("sample_id")["label"].sort_index().astype(object)
    return found.where(found.notna(), None).tolist()


@pytest.mark.parametrize(
    "codes",
    [
        [["code", "meaning"], [1, "melanoma"], [2, "nevus"], [3, "basal cell carcinoma"]],
        [["diagnosis", "name"], [1, "melanoma"], [2, "nevus"], [3, "bcc"], [4, "other"]],
        [["Wert", "Bedeutung", "Anzahl"], [1, "Melanom", 2], [2, "Nävus", 3], [3, "Basaliom", 3]],
    ],
)
def test_a_codebook_whose_numbers_look_like_images_names_the_codes(draw: Draw, codes: Rows) -> None:
    folder = draw(*(f"img/{k}.jpg" for k in range(1, 9)))
    book(folder, Data=DATA, Codebook=codes)
    dataset = load_dataset(folder)
    assert labels(dataset) == CODED
    assert dataset.samples["diagnosis (code)"].astype(str).tolist() == [str(r[1]) for r in DATA[1:]]
    assert any("codes of diagnosis mean stands in clinic.xlsx" in n for n in dataset.reading.notes)


@pytest.mark.parametrize("first", ["Codebook", "Data"])
def test_a_codebook_of_several_variables_names_those_of_each(draw: Draw, first: str) -> None:
    folder = draw(*(f"img/{k}.jpg" for k in range(1, 9)))
    codes: Rows = [["variable", "code", "meaning"]]
    codes += [["diagnosis", 1, "melanoma"], [None, 2, "nevus"], [None, 3, "bcc"]]
    codes += [["sex", 1, "male"], ["sex", 2, "female"], ["weight", "kg", "of the patient"]]
    sheets = {"Codebook": codes, "Data": DATA}
    book(folder, **{name: sheets[name] for name in (first, *sheets)})
    dataset = load_dataset(folder)
    assert labels(dataset) == CODED
    assert dataset.samples.set_index("sample_id")["sex"]["2"] == "male"
    assert not any(problem.item == "sex" for problem in dataset.problems)


def test_a_table_of_lesions_is_no_codebook(draw: Draw) -> None:
    folder = draw(*(f"img/a{k}.jpg" for k in range(1, 9)))
    images: Rows = [["image", "lesion_id"], *([f"a{k}.jpg", 1 + k % 3] for k in range(1, 9))]
    lesions: Rows = [["lesion_id", "diagnosis"], [1, "melanoma"], [2, "nevus"], [3, "bcc"]]
    book(folder, Images=images, Lesions=lesions)
    dataset = load_dataset(folder)
    assert labels(dataset) == CODED
    assert dataset.samples["lesion_id"].tolist() == ["2", "3", "1", "2", "3", "1", "2", "3"]


READERS = (
    ("rater1", "rater2", "rater3"),
    ("diagnosis_reader_1", "diagnosis_reader_2", "diagnosis_reader_3"),
    ("Arzt A", "Arzt B", "Arzt C"),
    ("derm1", "derm2", "derm3"),
)


@pytest.mark.parametrize("readers", READERS)
def test_of_several_readers_counts_what_most_say(draw: Draw, readers: tuple[str, ...]) -> None:
    folder = draw(*(f"{k}.jpg" for k in range(6)))
    said = ("nevus,Nävus,melanoma", "melanoma,nevus,MEL", "bcc,BCC,bcc", "nevus,melanoma,bcc")
    rows = [f"{k}.jpg,{cells}" for k, cells in enumerate((*said, "bcc,,", "nevus,,melanoma"))]
    (folder / "t.csv").write_text("\n".join([f"image,{','.join(readers)}", *rows]))
    dataset = load_dataset(folder)
    assert labels(dataset) == ["MN", "mel", "BCC", None, "BCC", None]
    assert set(readers) <= set(dataset.samples)
    (note,) = (note for note in dataset.reading.notes if "several readers" in note)
    assert "2 rows where none leads" in note
    one = load_dataset(folder, columns={"label": readers[1]})
    assert labels(one) == ["MN", "MN", "BCC", "mel", None, None]


def test_a_consensus_counts_before_its_readers(draw: Draw) -> None:
    folder = draw(*(f"{k}.jpg" for k in range(3)))
    rows = "0.jpg,nevus,mel,nevus\n1.jpg,mel,mel,mel\n2.jpg,bcc,,mel\n"
    (folder / "t.csv").write_text(f"image,derm1,derm2,consensus\n{rows}")
    assert labels(load_dataset(folder)) == ["MN", "mel", "mel"]


def test_columns_of_diagnoses_that_disagree_with_the_label_are_named(draw: Draw) -> None:
    folder = draw(*(f"{k}.jpg" for k in range(3)))
    rows = "0.jpg,nevus,melanoma\n1.jpg,bcc,Basalioma\n2.jpg,mel,melanoma\n"
    (folder / "t.csv").write_text(f"image,impression,referral\n{rows}")
    dataset = load_dataset(folder)
    assert labels(dataset) == ["MN", "BCC", "mel"]
    assert any("referral holds diagnoses, too, others in 1 row" in n for n in dataset.reading.notes)
