import numpy as np
import pandas as pd
import pytest

from dermxai.core.errors import InputError
from dermxai.data.split_words import split_name
from dermxai.data.table import COLUMNS, recognised, renamed, validated


def column(name: str, *values: object) -> pd.Series:
    ids = [str(k) for k in range(len(values))]
    return validated(pd.DataFrame({"sample_id": ids, name: list(values)}))[0][name]


def listed(values: pd.Series) -> list[object]:
    return values.astype(object).where(values.notna(), None).tolist()


def test_usual_names_are_recognised_in_any_writing() -> None:
    found = recognised(["Image ID", "FILE-NAME", "诊断", "Patient.ID", "Gender", "note"])
    assert found == {
        "sample_id": "Image ID",
        "path": "FILE-NAME",
        "label": "诊断",
        "patient_id": "Patient.ID",
        "sex": "Gender",
    }


def test_our_own_names_come_before_others() -> None:
    rows = renamed(pd.DataFrame({"diagnosis": ["x"], "label": ["y"], "image": ["z"]}), {})
    assert rows.iloc[0].to_dict() == {"diagnosis": "x", "label": "y", "path": "z"}


def test_no_usual_name_stands_for_two_columns() -> None:
    names = [name for usual in COLUMNS.values() for name in usual]
    assert len(names) == len(set(names))


def test_a_mapping_wins_and_nothing_is_lost() -> None:
    rows = pd.DataFrame({"label": ["a"], "expert": ["b"], "path": ["p"]})
    assert renamed(rows, {"label": "expert"}).iloc[0].to_dict() == {
        "label (table)": "a",
        "label": "b",
        "path": "p",
    }


@pytest.mark.parametrize(
    ("columns", "said"), [({"lable": "x"}, "patient_id"), ({"label": "none"}, "has x, y")]
)
def test_a_mapping_that_fits_nothing_is_refused(columns: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        renamed(pd.DataFrame({"x": [1], "y": [1]}), columns)


def test_required_columns_are_always_there() -> None:
    rows, _ = validated(pd.DataFrame({"sample_id": ["a"]}))
    assert rows.columns.tolist() == ["sample_id", "path", "label"]
    assert rows["label"].isna().all()


def test_repeated_and_missing_ids_are_listed() -> None:
    rows, problems = validated(
        pd.DataFrame({"sample_id": ["a", "b", "a", None], "path": ["1", "2", "3", "4"]})
    )
    assert rows["path"].tolist() == ["1", "2"]
    assert rows.index.tolist() == [0, 1]
    assert [problem.item for problem in problems] == ["row 4", "a"]
    assert "3" in problems[1].reason


def test_ages_that_are_none_become_nan() -> None:
    ages = column("age", "45", "61.5", "unknown", "-3", "400", "", None, "0")
    np.testing.assert_array_equal(ages, [45, 61.5] + [np.nan] * 5 + [0])
    assert ages.dtype == np.float64


def test_sex_is_female_male_or_missing() -> None:
    given = ("F", "female", "Woman", "女", "m", "MALE", "unknown", "x", None)
    assert listed(column("sex", *given)) == [*["female"] * 4, *["male"] * 2, None, None, None]


@pytest.mark.parametrize("female", ["w", "W", "weiblich", "weibl.", "F", "femme", "Féminin", "女"])
@pytest.mark.parametrize("male", ["m", "männlich", "männl.", "homme", "masculin", "男"])
def test_sex_is_understood_in_the_usual_languages(female: str, male: str) -> None:
    assert listed(column("sex", female, male, " ")) == ["female", "male", None]


def test_values_that_are_no_sex_are_counted() -> None:
    rows = pd.DataFrame({"sample_id": list("abcde"), "sex": ["0", "1", "unknown", None, "f"]})
    table, problems = validated(rows)
    assert listed(table["sex"]) == [None] * 4 + ["female"]
    assert [(problem.item, problem.reason) for problem in problems] == [
        ("sex", "2 values are neither female nor male, such as '0'; taken as unknown")
    ]
    _, problems = validated(rows.assign(sex=[None, None, None, "diverse", "w"]))
    assert problems[0].reason.startswith("1 value is neither female nor male, such as 'diverse'")


def test_splits_bear_one_name_each() -> None:
    given = ("Training", "val", "dev", "TEST", "fold 3", None)
    expected = ["train", "validation", "validation", "test", "fold 3", None]
    assert listed(column("split", *given)) == expected
    assert split_name("valid") == "validation"
    assert split_name("LP") is None


def test_modality_is_dermoscopic_or_clinical() -> None:
    given = ("Dermoscopy", "dermatoscopic", "clinical: close-up", "histology")
    assert listed(column("modality", *given)) == [
        "dermoscopic",
        "dermoscopic",
        "clinical",
        given[3],
    ]


def test_text_keeps_what_it_is() -> None:
    given = ("<script>alert(1)</script>", "面部", "two words", "unknown", "")
    assert listed(column("site", *given)) == [*given[:3], None, None]
    assert listed(column("patient_id", 12.0, 7.0, None)) == ["12", "7", None]
    assert listed(column("patient_id", "007", "7", "NA")) == ["007", "7", None]


def test_an_id_may_be_any_text() -> None:
    rows, problems = validated(pd.DataFrame({"sample_id": ["NA", "null", " x "]}))
    assert rows["sample_id"].tolist() == ["NA", "null", "x"]
    assert not problems


def test_an_id_that_a_file_stored_as_a_number_is_text() -> None:
    assert listed(column("lesion_id", 3.0, np.nan)) == ["3", None]
    assert listed(column("lesion_id", 2.0**62, 7.0)) == [str(2**62), "7"]
    assert listed(column("lesion_id", 1e20, 7.0)) == ["1e+20", "7.0"]  # beyond 64 bits


def test_other_columns_become_numbers_only_where_nothing_is_lost() -> None:
    assert column("size_mm", "1", "2.5", "").dtype == np.float64
    assert listed(column("code", "01", "2")) == ["01", "2"]
    assert listed(column("note", "1", "big", "n/a")) == ["1", "big", None]
    assert listed(column("tags", ["a"], ["b"])) == ["['a']", "['b']"]
    assert listed(column("accession", "12345678901234567", "")) == ["12345678901234567", None]
    assert listed(column("accession", "12345678901234567", "7")) == [12345678901234567, 7]
    assert listed(column("accession", "18446744073709551616")) == ["18446744073709551616"]
    assert column("energy", "1e300", "2", "").dtype == np.float64
    assert column("flag", True, False).dtype == bool


def test_an_empty_table_is_valid() -> None:
    rows, problems = validated(pd.DataFrame())
    assert rows.empty
    assert not problems


def test_one_column_may_stand_for_two() -> None:
    rows = pd.DataFrame({"lesion": ["x", "y"]})
    named = renamed(rows, {"patient_id": "lesion", "lesion_id": "lesion"})
    assert named["patient_id"].tolist() == named["lesion_id"].tolist() == ["x", "y"]


def test_ages_are_understood_in_the_usual_writings() -> None:
    ages = column("age", "45", "45,5", "045Y", "30 years", "6 months", "73 W", "31岁", 12)
    assert ages[:6].tolist() == pytest.approx([45, 45.5, 45, 30, 0.5, 73 * 7 / 365.25])
    assert ages[6:].tolist() == [31, 12]


def test_values_that_are_no_age_are_counted() -> None:
    rows = pd.DataFrame({"sample_id": list("abcd"), "age": ["forty", "unknown", None, "300"]})
    _, problems = validated(rows)
    assert [(problem.item, problem.reason) for problem in problems] == [
        ("age", "2 values are no age in years, such as 'forty'; taken as unknown")
    ]


def test_an_id_is_the_same_in_tables_with_and_without_an_empty_cell() -> None:
    for ids in (["7", "12", "3"], [7, 12, 3], [7.0, 12.0, 3.0]):
        assert id_texts(ids) == ["7", "12", "3"]
    assert id_texts(["7.0", "12.0", "nan"])[:2] == id_texts([7, 12, None])[:2] == ["7", "12"]
    assert id_texts(["7.0", "12", "x"]) == ["7.0", "12", "x"], "not of numbers alone"


def id_texts(ids: list[object]) -> list[str]:
    rows = pd.DataFrame({"sample_id": ["a", "b", "c"], "patient_id": ids})
    return validated(rows)[0]["patient_id"].tolist()


@pytest.mark.parametrize(
    ("written", "years"),
    [
        *(("54 J.", 54), ("54y", 54), ("054Y", 54), ("54 Jahre", 54), ("54-year-old", 54)),
        *(("54 ans", 54), ("54 años", 54), ("54 anni", 54), ("54岁", 54), ("５４", 54)),
        *(("18M", 1.5), ("6 Monate", 0.5), ("6 mois", 0.5), ("26,5", 26.5), ("54 yo", 54)),
        *(("54 kg", None), ("40-50", None), (">80", None), ("y", None), ("-3", None)),
    ],
)
def test_ages_as_people_write_them(written: str, years: float | None) -> None:
    rows = pd.DataFrame({"sample_id": ["a"], "path": ["a.png"], "age": [written]})
    age = validated(rows)[0]["age"][0]
    assert age == years if years is not None else pd.isna(age)


def test_a_j_is_a_day_beside_french_units_only() -> None:
    def ages(*written: str) -> list[float]:
        rows = pd.DataFrame({"sample_id": list(map(str, range(len(written)))), "age": written})
        return [float(age) for age in validated(rows)[0]["age"]]

    assert ages("30 j", "40 J.") == [30, 40]
    assert ages("30 j", "2 ans") == [pytest.approx(30 / 365.25), 2]


@pytest.mark.parametrize(
    ("written", "sexes"),
    [("HM", ["male", "female"]), ("HF", ["male", "female"]), ("MF", ["male", "female"])],
)
def test_letters_of_sexes_mean_what_the_column_tells(written: str, sexes: list[str]) -> None:
    rows = pd.DataFrame({"sample_id": ["a", "b"], "sex": list(written)})
    assert validated(rows)[0]["sex"].tolist() == sexes
