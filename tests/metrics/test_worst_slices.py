"""A planted bad slice is found on one half and confirmed on the other; rates are those of its
images."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from dermxai.core.errors import InputError
from dermxai.metrics import intervals
from dermxai.metrics.groups import Groups, groups
from dermxai.metrics.worst_slices import FEWEST_IMAGES, FEWEST_UNITS, worst_slices
from tests.verification import verified

N, PATIENTS = 1500, 500
RNG = np.random.default_rng(0)
PATIENT = RNG.integers(PATIENTS, size=N)
TABLE = pd.DataFrame(
    {
        "sex": RNG.choice(["female", "male"], PATIENTS)[PATIENT],
        "site": RNG.choice(["face", "scalp", "trunk"], N),
        "age": RNG.normal(50, 15, PATIENTS)[PATIENT],
    }
)
PLANTED = ((TABLE["sex"] == "female") & (TABLE["site"] == "face")).to_numpy()
NOTHING = RNG.random(N) < 0.2
WRONG = NOTHING | (PLANTED & (RNG.random(N) < 0.5))


def asked(*names: str) -> list[Groups]:
    return [groups(TABLE[name]) for name in names or TABLE]


def test_a_planted_slice_is_found_and_confirmed() -> None:
    found = worst_slices(WRONG, asked(), PATIENT)
    assert set(found.conditions[0]) == {("sex", "female"), ("site", "face")}
    assert found.table["confirmed"][0] and found.table["p_holm"][0] < 1e-4
    np.testing.assert_array_equal(found.members[:, 0], PLANTED)
    units = np.unique(PATIENT[found.first]), np.unique(PATIENT[~found.first])
    assert not set(units[0]) & set(units[1]), "no patient finds and confirms"
    assert abs(units[0].size - units[1].size) <= 1


def test_without_one_none_is_confirmed() -> None:
    found = worst_slices(NOTHING, asked(), PATIENT)
    assert len(found.table) and not found.table["confirmed"].any()
    assert (found.table["found"] > found.errors[0]).all(), "each looked bad on the first half"


def test_rates_and_tests_are_of_the_other_half_alone() -> None:
    found = worst_slices(WRONG, asked(), PATIENT)
    there = ~found.first
    rates, rests = [], []
    for side in found.members.T:
        rates.append(WRONG[side & there].sum() / (side & there).sum())
        rests.append(WRONG[~side & there].sum() / (~side & there).sum())
    verified(
        "Error rate of a slice", "errors counted", found.table["value"], rates, tolerance=1e-12
    )
    verified("Error rate of a slice", "errors counted", found.table["rest"], rests, tolerance=1e-12)
    outcomes = np.repeat(WRONG[there, None], len(found.table), axis=1)
    sides = [intervals.shares(outcomes, of[there]) for of in (found.members, ~found.members)]
    both = intervals.difference_test(*sides, intervals.cluster_index(PATIENT[there]))
    more = found.table["difference"] > 0
    np.testing.assert_allclose(found.table["p"], np.where(more, both / 2, 1 - both / 2))
    changed = WRONG.copy()
    changed[there] = ~changed[there]
    assert worst_slices(changed, asked(), PATIENT).conditions == found.conditions


def test_the_search_is_all_conjunctions_written_out() -> None:
    found = worst_slices(WRONG, asked("sex", "site"), PATIENT, count=20)
    first, at = found.first, intervals.cluster_index(PATIENT[found.first])
    named = [(each.column, name) for each in asked("sex", "site") for name in each.names]
    flags = np.concatenate([each.members for each in asked("sex", "site")], axis=1)[first]
    excess = WRONG[first] - WRONG[first].mean()
    best, number = {}, 0
    for size in (1, 2):
        for chosen in combinations(range(len(named)), size):
            if len({named[place][0] for place in chosen}) < size:
                continue
            inside = flags[:, chosen].all(axis=1)
            sums = np.bincount(at, weights=excess * inside)
            patients = np.unique(at[inside]).size
            if sums.sum() > 0 and inside.sum() >= FEWEST_IMAGES and patients >= FEWEST_UNITS:
                number += 1
                best[frozenset(named[p] for p in chosen)] = sums.sum() / np.sqrt((sums**2).sum())
    assert found.searched == number
    assert frozenset(found.conditions[0]) == max(best, key=best.__getitem__)
    scores = [best[frozenset(each)] for each in found.conditions]
    assert scores == sorted(scores, reverse=True)


def test_a_third_condition_extends_pairs() -> None:
    old = (TABLE["age"] > TABLE["age"].quantile(0.75)).to_numpy()
    wrong = NOTHING | (PLANTED & old)
    found = worst_slices(wrong, asked(), PATIENT, conditions=3)
    assert {column for column, _ in found.conditions[0]} == {"sex", "site", "age"}
    assert len(worst_slices(wrong, asked(), PATIENT, conditions=1).conditions[0]) == 1


def test_slices_that_say_the_same_are_one() -> None:
    twin = groups(TABLE["site"].rename("place"))
    found = worst_slices(WRONG, [*asked(), twin], PATIENT, count=20)
    sets = [frozenset(np.flatnonzero(side & found.first)) for side in found.members.T]
    for one, other in combinations(sets, 2):
        assert len(one & other) < 0.7 * len(one | other)


@pytest.mark.parametrize("wrong", [np.zeros(N, bool), np.ones(N, bool)], ids=["none", "all"])
def test_without_errors_or_with_nothing_else_there_is_no_slice(wrong: np.ndarray) -> None:
    found = worst_slices(wrong, asked(), PATIENT)
    assert not len(found.table) and found.members.shape == (N, 0) and found.searched == 0


def test_few_images_have_no_slice_and_no_column_either() -> None:
    few = [groups(TABLE[name][:20]) for name in TABLE]
    assert not len(worst_slices(WRONG[:20], few, PATIENT[:20]).table)
    assert not len(worst_slices(WRONG, [], PATIENT).table)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"conditions": 0}, "0 conditions came; expected 1 to 3"),
        ({"conditions": 4}, "expected 1 to 3"),
        ({"count": 21}, "21 slices came; expected 1 to 20"),
        ({"units": ["one"] * N}, "1 patients came"),
        ({"units": PATIENT[:5]}, "of different images"),
    ],
    ids=str,
)
def test_what_cannot_be_searched_is_refused(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        worst_slices(WRONG, asked(), **({"units": PATIENT} | options))  # type: ignore[arg-type]
