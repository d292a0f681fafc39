"""Codes of the ICD-10 as labels."""

from pathlib import Path

import pytest

from dermxai import taxonomy
from dermxai.data import icd10, load_dataset
from dermxai.data.icd10 import are_codes, several
from dermxai.data.labels import label_table, standard, standard_classes
from tests.data.conftest import Draw


@pytest.mark.parametrize(
    ("label", "code", "relation"),
    [
        ("C43", "mel", "same"),
        ("C43.9", "mel", "kind"),
        ("c439", "mel", "kind"),
        ("ICD-10: C43.5", "mel", "kind"),
        ("ICD10-GM C43.-", "mel", "same"),
        ("D03.9", "mel", "kind"),
        ("D22", "MN", "same"),
        ("D22.5+", "MN", "kind"),
        ("L82.1", "SK", "kind"),
        ("L20.9", "EAD", "kind"),
        ("L21", "SD", "same"),
        ("L40.0 Psoriasis vulgaris", "Pso", "kind"),
        ("L43 - Lichen planus", "LP", "same"),
        ("L57.0", "akiec", "same"),
        ("L70", "AV", "group"),
        ("L70.0", "AV", "same"),
        ("L71.9", "Rosa", "same"),
        ("L91.0", "KAHS", "same"),
        ("D18.0", "Hem", "same"),
        ("D18.01", "Hem", "kind"),
        ("D18", "Hem", "group"),
        ("C44.311", "BCC", "same"),
        ("C44.92", "SCC", "same"),
        ("C44.3 Basal cell carcinoma", "BCC", "same"),
        ("B07.0", "VW", "kind"),
    ],
)
def test_a_code_means_a_class(label: str, code: str, relation: str) -> None:
    if label == "L57.0":  # one kind of our class, which no code holds
        relation = "kind"
    found = icd10.icd10(label)
    assert found is not None and (found.code, found.relation) == (code, relation)
    assert "ICD-10" in found.source or label.endswith("carcinoma")
    assert standard(label) == code and several(label) is None


@pytest.mark.parametrize(
    "label",
    [
        "L71.0",
        "L91.8",
        "C4",
        "C433333",
        "L20B-x",
        "MC43",
        "C43x9 ",
        "42",
        "",
        "Z00",
        "U07.1",
        "mel",
    ],
)
def test_other_labels_are_no_codes_of_classes(label: str) -> None:
    assert icd10.icd10(label) is None and several(label) is None


@pytest.mark.parametrize(
    ("label", "own"), [("C44", "C44"), ("C44.5", "C44"), ("D23.9", "D23"), ("Q82.5", "Q82.5"),
                       ("L71", "L71"), ("L57", "L57")],
)  # fmt: skip
def test_codes_of_several_diagnoses_stay_apart(label: str, own: str) -> None:
    assert icd10.icd10(label) is None
    found = several(label)
    assert found is not None and found[0] == own
    assert standard(label) not in taxonomy.CODES


def test_every_class_of_the_table_is_known() -> None:
    known = {each.code for each in (*taxonomy.DISEASES, *taxonomy.OTHERS)}
    assert {code for code, _ in icd10._TABLE.values()} <= known


def test_ids_that_look_like_codes_are_none() -> None:
    assert are_codes(["C43", "D22.9", "M79.3"]) and not are_codes(["C43"])
    assert not are_codes([f"L{number:02d}" for number in range(1, 60)])
    assert not are_codes(["C43", "melanoma"])


def test_twins_of_a_model_keep_their_codes() -> None:
    assert standard_classes(["C43", "D22", "L82.0", "L82.1"]) == ("mel", "MN", "L82.0", "L82.1")


def test_folders_of_codes(draw: Draw, tmp_path: Path) -> None:
    codes = ("D22", "L82.0", "C44.3", "C44.5")
    draw(*(f"{code}/{code}-{number}.png" for code in codes for number in range(2)))
    dataset = load_dataset(tmp_path)
    counts = dataset.samples["label"].value_counts().to_dict()
    assert counts == {"C44": 4, "MN": 2, "SK": 2}
    assert any("C44 holds basal cell and squamous cell" in each for each in dataset.reading.notes)
    why = {label.written: label.why for label, _ in label_table(dataset.samples)}
    assert why["D22"] == "synonym" and "a class of its own" in why["C44.3"]
