"""The published tables as typed, and what follows from them, against statsmodels and sums written
out here."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.inter_rater import cohens_kappa

from dermxai.readers.published import tables as printed
from dermxai.readers.published.checks import Check, checks, leaves_open, possible
from tests.verification import verified

OF = {each.name: each for each in checks().checks}
FOLLOW = {
    "table-1-sums",
    "table-3-overall",
    "table-4-accuracies",
    "table-4-means",
    "table-4-higher",
    "table-5-model",
}


def counts(row: printed.Percent) -> np.ndarray:
    hits, alarms = row.sensitivity / 4, 1.75 * (100 - row.specificity)
    if row in printed.TABLE_4_MODEL.values():  # one reader's: whole cases
        hits, alarms = round(hits), round(alarms)
    return np.array([[hits, 25 - hits], [alarms, 175 - alarms]])


def test_each_statement_is_told_whether_it_follows() -> None:
    assert {name for name, each in OF.items() if each.follows} == FOLLOW
    for each in OF.values():
        assert each.statement and each.finding.endswith(".") and each.why.endswith(".")
        assert len(each.rows)


def test_tables_are_as_printed() -> None:
    """Sums that the publication itself has."""
    assert sum(row.images for row in printed.TABLE_1.values()) == 13_603
    assert sum(row.patients for row in printed.TABLE_1.values()) == 2_538
    assert set(printed.TABLE_1) == set(printed.TABLE_2)
    for column in printed.TABLE_5.values():
        assert tuple(column) == printed.CLASSES
        for cell in column.values():  # misprints of an interval would move its middle
            assert (cell.low + cell.high) / 2 == pytest.approx(cell.kappa, abs=0.00101)
    for table in (printed.TABLE_4_READERS, printed.TABLE_4_MODEL):
        assert tuple(table) == printed.CLASSES
        for row in table.values():
            accuracy = (25 * row.sensitivity + 175 * row.specificity) / 200
            assert accuracy == pytest.approx(row.accuracy, abs=0.01)


def test_shares_means_and_counts() -> None:
    number = "Published tables, recomputed: shares, means and counts"
    shares = OF["table-1-percentages"].rows
    odd = shares[~shares["follows"]]
    assert list(odd["class"]) == ["Hem"] and odd["printed"].item() == 14.70
    verified(number, "a division", odd["recomputed"].item(), 20_000 / 13_603, tolerance=1e-9)

    measured = pd.DataFrame(printed.TABLE_2.values())
    images = np.array([row.images for row in printed.TABLE_1.values()])
    means = OF["table-2-means"].rows.set_index("measure")
    verified(number, "means written out", means["mean"], measured.mean(), tolerance=1e-12)
    missed = (images * (1 - measured["sensitivity"])).sum()
    alarms = ((13_603 - images) * (1 - measured["specificity"])).sum()
    pooled = [1 - missed / 13_603, 1 - alarms / (13 * 13_603)]
    found = means.loc[["sensitivity", "specificity"], "pooled"]
    verified(number, "sums of counts", found, pooled, tolerance=1e-12)
    assert [round(missed), round(alarms)] == [916, 8915]
    assert "916 false negatives and 8,915 false positives" in OF["table-2-decisions"].finding
    assert not means["mean follows"]["sensitivity"] and not means["pooled follows"]["sensitivity"]

    wrong = OF["table-4-decisions"].rows.groupby("of")[["false negatives", "false positives"]]
    sums = wrong.sum()
    assert sums.loc[printed.OURS].round().tolist() == [33, 83]
    assert sums.loc[printed.READERS].round().tolist() == [63, 63]


def test_kappas_are_those_of_statsmodels() -> None:
    number = "Published tables, recomputed: kappa and its interval"
    for name, table in (
        ("table-5-model", printed.TABLE_4_MODEL),
        ("table-5-readers", printed.TABLE_4_READERS),
    ):
        expected = [cohens_kappa(counts(row)).kappa for row in table.values()]
        found = OF[name].rows["recomputed"]
        verified(number, "statsmodels, cohens_kappa", found, expected, tolerance=1e-9)
    model = OF["table-5-model"].rows
    assert model["recomputed"].round(3).tolist() == pytest.approx(
        [0.712, 0.793, 0.570, 0.381, 0.708, 0.799, 0.759, 0.905], abs=1e-9
    )
    readers = OF["table-5-readers"].rows
    assert readers["recomputed"].round(3).tolist() == pytest.approx(
        [0.745, 0.685, 0.602, 0.419, 0.538, 0.677, 0.690, 0.762], abs=1e-9
    )
    assert (readers["printed"] - readers["its kappa"]).abs().max() < 0.01
    ends = OF["table-5-intervals"].rows
    theirs = [cohens_kappa(counts(row)) for row in printed.TABLE_4_MODEL.values()]
    for side, expected in (
        ("95 % low", [each.kappa_low for each in theirs]),
        ("95 % high", [each.kappa_upp for each in theirs]),
    ):
        verified(number, "statsmodels, cohens_kappa", ends[side], expected, tolerance=1e-9)
    assert ends["standard errors"].between(0.85, 1.1).all()


def test_tests_are_normal_scores() -> None:
    found = OF["table-5-tests"].rows
    expected = []
    for code in printed.CLASSES:
        one, other = (
            cohens_kappa(counts(table[code]))
            for table in (printed.TABLE_4_MODEL, printed.TABLE_4_READERS)
        )
        z = (one.kappa - other.kappa) / np.hypot(one.std_kappa, other.std_kappa)
        expected.append(2 * stats.norm.sf(abs(z)))
    verified(
        "Published tables, recomputed: p of two kappas",
        "statsmodels, cohens_kappa, and the normal distribution",
        found["p by Table 4"],
        expected,
        tolerance=1e-12,
    )


@pytest.mark.parametrize(
    ("value", "digits", "low", "high"), [(0.95, 3, 0.9495, 0.9505), (92.0, 2, 91.995, 92.005)]
)
def test_a_printed_number_stands_for_all_that_round_to_it(
    value: float, digits: int, low: float, high: float
) -> None:
    assert leaves_open(value, digits) == pytest.approx((low, high), abs=1e-9)


def test_rounding_is_carried_through() -> None:
    low, high = possible(lambda a, b: a - b, ((1.0, 1), (0.5, 1)))
    assert (low, high) == pytest.approx((0.4, 0.6), abs=1e-6)


def test_a_changed_digit_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """No check passes whatever the tables say."""
    from dermxai.readers.published import checks as made

    changed = dict(printed.TABLE_4_MODEL)
    changed["Rosa"] = changed["Rosa"]._replace(accuracy=93.5)
    monkeypatch.setattr(printed, "TABLE_4_MODEL", changed)
    found: Check = made.table_4_accuracies()
    assert not found.follows
    assert (~found.rows["follows"]).sum() == 1
    monkeypatch.setattr(printed, "IMAGES", 13_604)
    assert not made.table_1_sums().follows
    changed["Rosa"] = changed["Rosa"]._replace(sensitivity=96.0)
    assert not made.table_5_model().follows
    assert not made.table_4_means().follows
