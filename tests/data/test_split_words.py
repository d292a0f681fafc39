from pathlib import Path

import pandas as pd
import pytest

from dermxai.data import load_dataset, split_words
from dermxai.data.split_words import meanings, notes, split_name
from dermxai.data.table import renamed, validated

TRAIN, VALIDATION, TEST = "train", "validation", "test"


def table(**columns: list[object]) -> pd.DataFrame:
    ids = [str(row) for row in range(len(next(iter(columns.values()))))]
    return validated(renamed(pd.DataFrame({"sample_id": ids, **columns}), {}))[0]


def split(**columns: list[object]) -> list[object]:
    found = table(**columns)
    if "split" not in found:
        return []
    return [None if pd.isna(value) else value for value in found["split"]]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("ham10000|isic2018_task3_test", [TRAIN, TEST]),
        ("train|external", [TRAIN, TEST]),
        ("training|holdout", [TRAIN, TEST]),
        (" TRAIN |Testing|VALID|test_set|Hold-Out", [TRAIN, TEST, VALIDATION, TEST, TEST]),
        ("TrainingSet|trainVal|tuning|held out|test02", [TRAIN, TRAIN, VALIDATION, TEST, TEST]),
        ("Training|internal test|external validation", [TRAIN, TEST, TEST]),
        ("development|test", [VALIDATION, TEST]),
        ("Derivation|train|internal", [TRAIN, TRAIN, TEST]),
        ("train|eval", [TRAIN, TEST]),
        ("train|eval|test", [TRAIN, VALIDATION, TEST]),
        ("tr|va|te", [TRAIN, VALIDATION, TEST]),
        ("munich_train|munich_test", [TRAIN, TEST]),
        ("Trainingsdaten|Validierungsdatensatz|Prüfung", [TRAIN, VALIDATION, TEST]),
        ("entraînement|validation|évaluation|test", [TRAIN, VALIDATION, TEST, TEST]),
        ("Entrenamiento|validación|prueba", [TRAIN, VALIDATION, TEST]),
        ("treino|validação|teste", [TRAIN, VALIDATION, TEST]),
        ("addestramento|validazione|prova", [TRAIN, VALIDATION, TEST]),
        ("训练集|验证集|内部测试集|外部验证集", [TRAIN, VALIDATION, TEST, TEST]),
        ("訓練データ|検証|テスト", [TRAIN, VALIDATION, TEST]),
        ("훈련|검증|시험", [TRAIN, VALIDATION, TEST]),
        ("обучающая|валидационная|тестовый", [TRAIN, VALIDATION, TEST]),
        ("trening|walidacja|testowy", [TRAIN, VALIDATION, TEST]),
        ("opleiding|validatie|toets", [TRAIN, VALIDATION, TEST]),
        ("huấn luyện|thẩm định|Kiểm tra", [TRAIN, VALIDATION, TEST]),
        ("प्रशिक्षण|सत्यापन|परीक्षण", [TRAIN, VALIDATION, TEST]),
        ("ฝึก|ตรวจสอบ|ทดสอบ", [TRAIN, VALIDATION, TEST]),
        ("trained|tested", [TRAIN, TEST]),
        ("tr|vl|ts", [TRAIN, VALIDATION, TEST]),
    ],
)
def test_words_of_many_tables(written: str, meant: list[str]) -> None:
    assert split(set=written.split("|")) == meant


@pytest.mark.parametrize(
    "values",
    [["Handyscope", "Canon"], [1, 2], ["0", "1"], ["fold 1", "fold 2"], ["patch test", "biopsy"],
     ["melanoma", "nevus"], ["internal", "internal"], ["A", "B"], [None, None], [True, False]],
)  # fmt: skip
def test_a_column_whose_values_are_no_splits_is_not_one(values: list[object]) -> None:
    for name in ("set", "split", "partition"):
        found = table(**{name: values})
        assert "split" not in found
        (note,) = notes(found)
        assert f"'{name}'" in note and "not taken as a split" in note


@pytest.mark.parametrize(
    "odd",
    ["Handyscope", "train_excluded", "not train", "train/test", "extra", "未训练", "pre-test"],
)
def test_an_unknown_value_beside_known_ones_is_named(odd: str) -> None:
    found = table(set=["train", odd, odd, "test", None])
    assert found["split"][:4].tolist() == ["train", odd, odd, "test"]
    (note,) = notes(found)
    assert note.startswith("2 images of a split that is no known word")
    assert f"{odd!r} (2)" in note and "Left out of training and validation" in note


def test_of_several_columns_the_one_that_tells_splits_is_taken() -> None:
    assert split(split=["Canon", "Nikon"], set=["train", "test"]) == ["train", "test"]
    assert split(purpose=["train", "test"], fold=[1, 2]) == ["train", "test"]
    assert split(group=["test", "control"]) == [], "of a column of another name each value must be"
    kept = table(split=["Canon", "Nikon"], set=["train", "test"])
    assert kept["split (table)"].tolist() == ["Canon", "Nikon"]


def test_columns_that_disagree_leave_an_image_out() -> None:
    found = table(split=["train", "test", "train", None], set=["test", "test", "training", "test"])
    assert found["split"].tolist() == ["test or train", "test", "train", "test"]
    (note,) = notes(found)
    assert "Two columns disagree on the split of 1 image" in note


def test_a_flag_marks_one_split() -> None:
    assert split(is_test=[0, 1, 0]) == [None, "test", None]
    assert split(is_train=["yes", "no", "yes"]) == ["train", None, "train"]
    assert split(split=["train", "train"], is_test=[False, True]) == ["train", "test or train"]
    assert (
        split(holdout=[0, 1, 0]) == split(**{"Test set?": ["N", "Y", "N"]}) == [None, "test", None]
    )
    assert split(train=[True, False]) == split(train_flag=[1, 0]) == ["train", None]
    for name in ("is_valid", "patch_test", "test_result", "valid", "tested"):
        assert split(**{name: [1, 0]}) == []
    assert split(test=["positive", "negative"]) == split(val=[1, 0]) == split(train=[0.4, 1]) == []


def test_flags_of_every_split_are_read_together() -> None:
    flags = {"train": [1, 0, 0, 1, 0], "val": [0, 1, 0, 0, 0], "test": [0, 0, 1, 1, 0]}
    expected = ["train", "validation", "test", "test or train", None]
    assert split(**flags) == split(**dict(reversed(flags.items()))) == expected
    assert split(split=["train", "train", "test"], test=[0, 1, 1]) == [
        "train",
        "test or train",
        "test",
    ]


def test_a_column_of_any_name_tells_a_training_and_a_test_beside_other_words() -> None:
    found = table(cohort=["training", "external", "follow-up", None])
    assert found["split"][:3].tolist() == ["train", "test", "follow-up"]
    assert "'follow-up' (1)" in next(notes(found))
    assert split(cohort=["derivation training", "external", "other"])[2] == "other"
    for values in (["training in skin checks", "patch test", "x"], ["valid", "patch test", "x"]):
        assert split(cohort=values) == []


def test_a_test_beside_words_that_are_no_split_is_said_where_it_is_not_taken() -> None:
    found = table(cohort=["ISIC", "external", "ISIC"], site=["external", "arm", "leg"])
    assert "split" not in found
    (note,) = notes(found)
    assert note.startswith("The column 'cohort' calls some images a test (ISIC, external)")


def test_what_a_person_calls_the_split_is_taken_as_one() -> None:
    rows = pd.DataFrame({"sample_id": ["a", "b"], "ward": ["north", "south"]})
    found = validated(renamed(rows, {"split": "ward"}))[0]
    assert found["split"].tolist() == ["north", "south"]
    assert "'north' (1), 'south' (1)" in next(notes(found))


def test_names_of_folders_must_say_nothing_else() -> None:
    assert split_name("Test-Set 2018") == split_name("external") == TEST
    assert split_name("isic2018_task3_training_input") == TRAIN
    for name in ("LP", "patch test", "external ear", "clinic_test", "Testis", ""):
        assert split_name(name) is None


def test_a_folder_of_classes_beside_those_of_splits_is_no_class(draw, tmp_path: Path) -> None:
    draw("train/LP/a.png", "holdout/LP/b.png", "extra/LP/c.png", "train/Pso/d.png")
    samples = load_dataset(tmp_path).samples.set_index("sample_id")
    assert samples["split"].to_dict() == {
        "train/LP/a.png": "train",
        "train/Pso/d.png": "train",
        "holdout/LP/b.png": "test",
        "extra/LP/c.png": "extra",
    }
    assert samples["label"].to_dict()["extra/LP/c.png"] == "LP"


def test_every_word_of_the_table_means_its_own_split() -> None:
    for kind, words in split_words._WORDS.items():
        for word in words:
            meant = meanings([word])[word]
            assert meant == kind, word
