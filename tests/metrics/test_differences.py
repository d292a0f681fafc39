import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from dermxai.core.errors import InputError
from dermxai.metrics.differences import differences
from dermxai.metrics.notes import Note, Reason

RNG = np.random.default_rng(0)
GROUP = np.arange(60) < 24


def table(**columns) -> pd.DataFrame:
    return pd.DataFrame(columns)


def row(found, column, value=""):
    chosen = (found.table["column"] == column) & (found.table["value"] == value)
    return found.table[chosen].iloc[0]


def test_with_one_image_a_patient_numbers_are_tested_as_mann_and_whitney_do():
    age = np.where(GROUP, 55, 45) + RNG.normal(0, 15, 60)
    found = differences(table(age=age), GROUP, np.arange(60), draws=20_000)
    peer = stats.mannwhitneyu(age[GROUP], age[~GROUP], method="exact").pvalue
    assert row(found, "age")["p"] == pytest.approx(peer, abs=4 * np.sqrt(peer / 20_000) + 5e-5)


def test_and_categories_as_a_permutation_test_of_scipy_does():
    hair = (RNG.random(60) < np.where(GROUP, 0.6, 0.3)).astype(float)
    found = differences(table(hair=hair > 0), GROUP, np.arange(60), draws=20_000)
    peer = stats.permutation_test(
        (hair[GROUP], hair[~GROUP]),
        lambda a, b, axis: np.abs(a.mean(axis) - b.mean(axis)),
        alternative="greater",
        n_resamples=20_000,
        vectorized=True,
        rng=1,
    ).pvalue
    assert row(found, "hair", "True")["p"] == pytest.approx(peer, rel=0.1)


def test_effects_are_differences_of_means_and_shares():
    samples = table(
        age=np.where(GROUP, 50.0, 40.0) + RNG.normal(0, 5, 60),
        site=["face", "trunk", "leg"] * 20,
        sex=["female", "male"] * 30,
    )
    found = differences(samples, GROUP, np.arange(60) // 2)
    age = row(found, "age")
    assert age["first"] == pytest.approx(samples["age"][GROUP].mean())
    assert age["difference"] == pytest.approx(age["first"] - age["second"])
    assert age["low"] < age["difference"] < age["high"]
    face = row(found, "site", "face")
    assert face["first"] == pytest.approx(8 / 24)
    assert set(found.table.loc[found.table["column"] == "sex", "value"]) == {"male"}
    assert found.table.iloc[0]["column"] == "age"
    assert (found.images, found.units) == ((24, 36), (12, 18))


def test_q_values_are_those_of_statsmodels():
    samples = pd.DataFrame(RNG.normal(size=(60, 12))).add_prefix("c")
    samples["c0"] += 3 * GROUP
    found = differences(samples, GROUP, np.arange(60)).table
    np.testing.assert_allclose(found["q"], multipletests(found["p"], method="fdr_bh")[1])


def test_lists_of_artefacts_are_taken_apart_and_nothing_means_none():
    artefacts = pd.Series(["hair ruler", "hair", None] * 20, dtype="str")
    found = differences(table(artefacts=artefacts), GROUP, np.arange(60))
    assert set(found.table["value"]) == {"hair", "ruler"}
    assert row(found, "artefacts", "hair")["first"] == pytest.approx(16 / 24)
    assert row(found, "artefacts", "ruler")["known"] == 60


def test_what_is_not_stated_is_left_out_of_numbers_and_a_value_of_texts():
    age = np.where(np.arange(60) % 3 == 0, np.nan, RNG.normal(50, 9, 60))
    site = pd.Series(["face", None] * 30, dtype="str")
    found = differences(table(age=age, site=site), GROUP, np.arange(60))
    assert row(found, "age")["known"] == 40
    assert row(found, "age")["first"] == pytest.approx(np.nanmean(age[GROUP]))
    assert row(found, "site", "not stated")["first"] == 0.5


def test_columns_without_use_are_left_out_and_the_many_valued_named():
    samples = table(same=["x"] * 60, name=[f"n{i}" for i in range(60)], empty=[np.nan] * 60)
    found = differences(samples, GROUP, np.arange(60))
    assert found.table.empty and Note(Reason.MANY_VALUES, ("name",)) in found.notes


def test_a_value_too_many_is_named_where_it_is_that_nothing_is_stated():
    sites = [*(f"site {index % 12}" for index in range(59)), None]
    found = differences(table(site=sites), GROUP, np.arange(60))
    assert found.table.empty
    assert found.notes[-1] == Note(Reason.MANY_VALUES, ("site",))


def test_few_images_are_described_not_tested():
    found = differences(table(age=np.arange(10.0)), np.arange(10) < 2, np.arange(10))
    assert found.table["p"].isna().all() and found.table["q"].isna().all()
    assert found.notes[0].reason is Reason.TOO_FEW_TO_TEST
    few = differences(table(age=np.arange(60.0)), np.arange(60) < 12, np.arange(60))
    assert few.notes[0].reason is Reason.SMALL_GROUP


def test_intervals_are_students_with_the_units_of_the_smaller_side():
    """Of one image a patient, the standard error is that of two independent means."""
    values = RNG.normal(size=(60, 20))
    found = differences(pd.DataFrame(values).add_prefix("c"), GROUP, np.arange(60))
    table = found.table.set_index("column").loc[[f"c{i}" for i in range(20)]]
    variances = [values[side].var(axis=0) / side.sum() for side in (GROUP, ~GROUP)]
    error = np.sqrt(np.sum(variances, axis=0) * 24 / 23)
    reach = stats.t.ppf(0.975, 23) * error
    np.testing.assert_allclose(table["high"] - table["difference"], reach, rtol=0.1)
    np.testing.assert_allclose(table["difference"] - table["low"], reach, rtol=0.1)


@pytest.mark.parametrize("units", [5, 8])
def test_intervals_of_few_patients_hold_what_is_so(units):
    """In 19 of 20 columns or more, though each patient has three alike images."""
    rng = np.random.default_rng(units)
    patients = np.repeat(np.arange(2 * units), 3)
    values = rng.normal(size=(2 * units, 500))[patients]
    columns = pd.DataFrame(values).add_prefix("c")
    found = differences(columns, patients < units, patients, draws=1).table
    assert ((found["low"] < 0) & (found["high"] > 0)).mean() > 0.93


def test_patients_who_do_not_state_a_value_do_not_make_its_interval():
    age, units = RNG.normal(50, 9, 60), np.arange(60) // 3
    of_four, of_five = (np.where(GROUP & (units > last), np.nan, age) for last in (3, 4))
    found = differences(table(four=of_four, five=of_five), GROUP, units)
    assert row(found, "four")[["low", "high"]].isna().all()
    five = row(found, "five")
    assert five["low"] < five["difference"] < five["high"]


def test_shares_differ_by_one_at_most():
    hair = np.arange(12) < 5
    found = row(differences(table(hair=hair), np.arange(12) < 6, np.arange(12)), "hair", "True")
    assert found["low"] >= -1 and 0.9 < found["high"] <= 1
    apart = row(differences(table(hair=GROUP), GROUP, np.arange(60)), "hair", "True")
    assert apart["difference"] == apart["high"] == 1 and 0.75 < apart["low"] < 1


def test_the_group_that_limits_is_told_with_its_own_numbers():
    units = np.where(GROUP, np.arange(60), 24 + np.arange(60) % 6)
    (note,) = differences(table(age=RNG.normal(size=60)), GROUP, units).notes
    assert note == Note(Reason.SMALL_GROUP, images=36, units=6, unit="patients")


def test_what_too_few_images_state_is_named_not_tested():
    """Four patients with errors state their age, all state their sex."""
    units = np.arange(60) // 3
    age = np.where(GROUP & (units > 3), np.nan, RNG.normal(50, 9, 60))
    found = differences(table(age=age, sex=RNG.random(60) < 0.5), GROUP, units)
    assert np.isnan(row(found, "age")["p"]) and np.isnan(row(found, "age")["q"])
    assert 0 < row(found, "sex", "True")["q"] == row(found, "sex", "True")["p"] <= 1
    assert Note(Reason.UNTESTED, ("age",), unit="patients") in found.notes
    few = np.arange(60) < 4
    (note,) = differences(table(age=RNG.normal(size=60)), few, np.arange(60) // 20).notes
    assert note == Note(Reason.TOO_FEW_TO_TEST, images=4, units=1, unit="patients")


@pytest.mark.parametrize("chosen", [np.ones(60, bool), np.zeros(60, bool)])
def test_two_groups_are_needed(chosen):
    with pytest.raises(InputError, match="one in each group"):
        differences(table(age=np.arange(60.0)), chosen, np.arange(60))
    with pytest.raises(InputError, match="one of each"):
        differences(table(age=np.arange(60.0)), chosen[:5], np.arange(60))
