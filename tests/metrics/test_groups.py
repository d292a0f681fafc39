"""Groups by a column: every image is in one, numbers are cut where pandas cuts them."""

import numpy as np
import pandas as pd
import pytest

from dermxai.core.errors import InputError
from dermxai.metrics.groups import MOST_TEXTS, OTHERS, PARTS, QUANTILES, VALUES, groups

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("cuts", [2, 3, 4, 10])
def test_numbers_are_cut_at_quantiles_as_pandas_cuts_them(cuts: int) -> None:
    numbers = pd.Series(RNG.normal(50, 15, 501), name="age")
    found = groups(numbers, cuts)
    expected = pd.qcut(numbers, cuts, labels=False).to_numpy()
    assert found.how == QUANTILES and len(found) == cuts
    same = found.members.argmax(axis=1) == expected
    assert same.mean() > 0.99, "but for an image on an edge"
    for (low, high), members in zip(found.ends, found.members.T, strict=True):
        assert (numbers[members] > low).all() and (numbers[members] <= high).all()
    assert np.isneginf(found.ends[0, 0]) and np.isposinf(found.ends[-1, 1])


def test_an_image_is_in_one_group_and_what_is_not_stated_is_one() -> None:
    age = pd.Series(np.where(RNG.random(300) < 0.2, np.nan, RNG.integers(1, 90, 300)), name="age")
    site = pd.Series(RNG.choice(["face", "trunk", None], 300), name="site")
    for column in (age, site, age > 40):
        found = groups(column)
        assert (found.members.sum(axis=1) == 1).all()
        assert len(set(found.names)) == len(found)
    assert groups(age).names[-1] == groups(site).names[-1] == "not stated"
    assert (groups(age).members[:, -1] == age.isna()).all()


def test_ties_are_never_torn() -> None:
    numbers = pd.Series([1.0] * 90 + [2.0, 3.0, 4.0, 5.0, 6.0], name="n")
    found = groups(numbers)
    for value in set(numbers):
        assert np.count_nonzero(found.members[numbers == value].any(axis=0)) == 1
    assert (found.members.sum(axis=1) == 1).all()


def test_few_numbers_are_values_and_names_tell_close_edges_apart() -> None:
    found = groups(pd.Series([1, 2, 2, 3], name="grade"))
    assert (found.how, found.names) == (VALUES, ("1", "2", "3"))
    close = groups(pd.Series(100 + np.arange(100) / 1e6, name="close"))
    assert len(set(close.names)) == len(close) == 4


def test_rare_texts_are_one_group() -> None:
    texts = pd.Series([f"t{i}" for i in range(40) for _ in range(40 - i)], name="site")
    found = groups(texts)
    assert len(found) == MOST_TEXTS and found.names[-1] == OTHERS
    assert set(found.names[:-1]) == {f"t{i}" for i in range(MOST_TEXTS - 1)}
    assert (found.members.sum(axis=1) == 1).all()


def test_cells_of_several_texts_are_groups_that_overlap() -> None:
    found = groups(pd.Series(["hair ruler", "hair", None, "ruler", ""], name="artefacts"))
    assert (found.how, found.names) == (PARTS, ("hair", "ruler", "none"))
    assert found.members.T.tolist() == [
        [True, True, False, False, False],
        [True, False, False, True, False],
        [False, False, True, False, True],
    ]


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([], dtype="float64"),
        pd.Series([np.nan, np.nan]),
        pd.Series([np.inf, 1.0, -np.inf]),
        pd.Series([None, None], dtype=object),
        pd.Series([1.0] * 5),
        pd.Series([pd.NA, 1, 2], dtype="Int64"),
        pd.Series(["a", 1, None, True], dtype=object),
    ],
    ids=str,
)
def test_degenerate_columns_are_taken(column: pd.Series) -> None:
    found = groups(column.rename("x"))
    assert found.members.shape == (len(column), len(found))
    assert found.members.any(axis=0).all()
    assert len(column) == 0 or (found.members.sum(axis=1) == 1).all()


@pytest.mark.parametrize("cuts", [0, 1, 11, -3])
def test_other_numbers_of_cuts_are_refused(cuts: int) -> None:
    with pytest.raises(InputError, match="expected 2 to 10"):
        groups(pd.Series([1.0, 2.0], name="x"), cuts)
