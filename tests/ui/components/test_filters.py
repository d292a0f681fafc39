import pandas as pd
import pytest

from dermxai.ui.components import filters


@pytest.fixture
def samples() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "sample_id": ["a1", "a2", "b1", "b2"],
            "path": ["/x/a1", "/x/a2", "/x/b1", "/x/b2"],
            "label": pd.array(["MN", "EAD", "mel", None], dtype="str"),
            "patient_id": ["p1", "p1", "p2", "(p.*)"],
            "sex": pd.array(["female", None, "male", "male"], dtype="str"),
            "age": [1.0, 2.0, 3.0, 4.0],
            "device": ["d", "d", "d", "d"],
            "remark": ["w", "x", "y", "z"],
        }
    ).set_index("sample_id", drop=False)


def found(samples: pd.DataFrame, chosen: dict[str, list[str]], search: str = "") -> list[str]:
    return list(filters.filtered(samples, chosen, search).index)


def test_columns_are_those_with_some_values(samples: pd.DataFrame) -> None:
    assert filters.columns(samples) == ["label", "sex", "remark"]
    assert filters.columns(samples.iloc[:1]) == []


def test_a_class_column_with_many_classes_is_still_offered() -> None:
    many = pd.DataFrame({"sample_id": range(40), "label": [f"c{i}" for i in range(40)]})
    assert filters.columns(many) == ["label"]


def test_choices_are_in_order_and_what_is_not_stated_is_last(samples: pd.DataFrame) -> None:
    assert filters.choices(samples) == {
        "label": ["EAD", "MN", "mel", filters.NOT_STATED],
        "sex": ["female", "male", filters.NOT_STATED],
        "remark": ["w", "x", "y", "z"],
    }


def test_values_of_a_column_are_alternatives_columns_are_not(samples: pd.DataFrame) -> None:
    assert found(samples, {"label": ["MN", "mel"]}) == ["a1", "b1"]
    assert found(samples, {"label": ["MN", "mel"], "sex": ["male"]}) == ["b1"]
    assert found(samples, {"label": [], "sex": []}) == ["a1", "a2", "b1", "b2"]


def test_what_is_not_stated_can_be_asked_for(samples: pd.DataFrame) -> None:
    assert found(samples, {"sex": [filters.NOT_STATED]}) == ["a2"]
    assert found(samples, {"label": [filters.NOT_STATED]}) == ["b2"]


@pytest.mark.parametrize(
    ("search", "ids"),
    [
        ("A1", ["a1"]),
        ("p1", ["a1", "a2"]),
        ("p1 eczema", ["a2"]),
        ("melano", ["a1", "b1"]),  # melanocytic nevus and melanoma
        ("(p.*)", ["b2"]),
        ("nothing", []),
        ("  ", ["a1", "a2", "b1", "b2"]),
    ],
)
def test_every_word_is_found_somewhere(samples: pd.DataFrame, search: str, ids: list[str]) -> None:
    assert found(samples, {}, search) == ids


def test_describe() -> None:
    assert filters.describe({"label": [], "sex": []}, "") == ""
    assert filters.describe({"label": ["MN", "EAD"]}, "p1") == "Class: MN or EAD, “p1”"
