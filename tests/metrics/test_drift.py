"""Statistics of drift are scipy's; whole patients are exchanged."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency, ks_2samp, permutation_test
from sklearn.linear_model import Ridge
from sklearn.metrics import roc_auc_score
from statsmodels.stats.multitest import multipletests

from dermxai.core.errors import InputError
from dermxai.metrics import probes
from dermxai.metrics.drift import CATEGORY, FEATURE_DRAWS, NUMBER, drift
from tests.verification import verified

RNG = np.random.default_rng(0)
PATIENTS = 120
PATIENT = np.repeat(np.arange(PATIENTS), RNG.integers(1, 6, PATIENTS))
N = PATIENT.size
SECOND = (np.arange(PATIENTS) % 3 == 0)[PATIENT]
TABLE = pd.DataFrame(
    {
        "age": np.round(RNG.normal(50, 15, PATIENTS)[PATIENT]),
        "sex": RNG.choice(["female", "male"], PATIENTS)[PATIENT],
        "shifted": RNG.normal(size=N) + 0.8 * SECOND,
        "site": np.where(SECOND & (RNG.random(N) < 0.5), "face", RNG.choice(["face", "leg"], N)),
        "grade": pd.array([None if i % 7 == 0 else i % 4 for i in range(N)], dtype="Int64"),
    }
)


def test_statistics_are_those_of_scipy() -> None:
    found = drift(TABLE, SECOND, PATIENT).table.set_index("column")
    for name in ("age", "shifted", "grade"):
        known = TABLE[name].notna().to_numpy()
        values = TABLE[name][known].to_numpy(np.float64)
        one, other = values[~SECOND[known]], values[SECOND[known]]
        spread = np.sqrt((one.var() + other.var()) / 2)
        for number, ours, theirs in (
            ("Kolmogorov-Smirnov distance of a column", "statistic", ks_2samp(one, other)[0]),
            ("Shift of a column's mean", "shift", (other.mean() - one.mean()) / spread),
            ("Mean of a column", "first", one.mean()),
            ("Mean of a column", "second", other.mean()),
        ):
            authority = "scipy ks_2samp" if ours == "statistic" else "definition written out"
            verified(number, authority, [found.loc[name, ours]], [theirs], tolerance=1e-12)
        assert found.loc[name, "kind"] == NUMBER and found.loc[name, "images"] == known.sum()
    for name in ("sex", "site"):
        counts = pd.crosstab(TABLE[name], SECOND).to_numpy()
        squared = chi2_contingency(counts, correction=False).statistic
        verified(
            "Cramér's V of a column",
            "scipy chi2_contingency, its root over the images",
            [found.loc[name, "statistic"]],
            [np.sqrt(squared / N)],
            tolerance=1e-6,
        )
        assert found.loc[name, "kind"] == CATEGORY


def test_p_with_one_image_a_patient_is_scipys_permutation_test() -> None:
    single = pd.DataFrame({"age": RNG.normal(size=40)})
    second = np.arange(40) < 15
    single.loc[second, "age"] += 0.5
    found = drift(single, second, np.arange(40), draws=9999)
    theirs = permutation_test(
        (single["age"][second], single["age"][~second]),
        lambda one, other: ks_2samp(one, other)[0],
        vectorized=False,
        n_resamples=999,
        alternative="greater",
        rng=np.random.default_rng(1),
    )
    verified(
        "p of a column's drift",
        "scipy permutation_test, 999 permutations",
        found.table["p"],
        [theirs.pvalue],
        tolerance=0.06,
    )


def test_what_drifts_is_found_and_corrected() -> None:
    found = drift(TABLE, SECOND, PATIENT)
    table = found.table.set_index("column")
    assert set(table.index[table["p_holm"] <= 0.05]) == {"shifted", "site"}
    verified(
        "p of a column's drift, adjusted",
        "statsmodels multipletests",
        found.table["p_holm"],
        multipletests(found.table["p"], method="holm")[1],
        tolerance=1e-12,
    )
    assert found.units == (80, 40) and found.both == 0 and sum(found.images) == N


def test_patients_count_not_images() -> None:
    """A column of patients, copied into many images of each, says no more than once."""
    rejected = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        patient = np.repeat(np.arange(30), 20)
        age = pd.DataFrame({"age": rng.normal(size=30)[patient]})
        second = (rng.permutation(30) < 12)[patient]
        rejected.append(drift(age, second, patient, draws=99).table["p"][0] <= 0.05)
    assert np.mean(rejected) < 0.15


def test_features_tell_parts_apart_on_held_out_patients() -> None:
    features = RNG.normal(size=(N, 12)).astype(np.float32)
    same = drift(TABLE[["age"]], SECOND, PATIENT, features, draws=19)
    assert same.p > 0.05
    features[SECOND, 3] += 3
    apart = drift(TABLE[["age"]], SECOND, PATIENT, features, draws=19)
    assert apart.area > 0.9 and apart.p == 1 / (1 + FEATURE_DRAWS)


def test_where_features_say_nothing_p_is_uniform_though_the_area_is_not_about_a_half() -> None:
    """Parts that were drawn so that classes are spread evenly have areas below 0.5."""
    areas, p = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        patient = np.repeat(np.arange(60), 3)
        features = rng.normal(size=(60, 10))[patient] + 0.3 * rng.normal(size=(180, 10))
        found = drift(TABLE[:180][[]], (rng.permutation(60) < 20)[patient], patient, features)
        areas.append(found.area)
        p.append(found.p)
    assert np.mean(np.array(p) <= 0.05) < 0.18 and 0.3 < np.mean(p) < 0.7


def test_the_area_is_that_of_ridge_regression_of_scikit_learn() -> None:
    rng = np.random.default_rng(3)
    features = rng.normal(size=(N, 5)) + 0.5 * SECOND[:, None]
    found = drift(TABLE[[]], SECOND, PATIENT, features)
    at = probes.coordinates(features, np.ones(N, dtype=bool))
    fold = (np.random.default_rng(0).permutation(PATIENTS) % probes.FOLDS)[PATIENT]
    scores = np.zeros(N)
    for held in range(probes.FOLDS):
        here = fold != held
        known = at[here] - at[here].mean(axis=0)
        penalty = (known**2).sum() / known.shape[1]
        made = Ridge(alpha=penalty, fit_intercept=False).fit(
            known, SECOND[here] - SECOND[here].mean()
        )
        scores[~here] = made.predict(at[~here] - at[here].mean(axis=0))
    verified(
        "AUC of features between parts",
        "scikit-learn Ridge on held-out patients, roc_auc_score",
        [found.area],
        [roc_auc_score(SECOND, scores)],
        tolerance=1e-9,
    )


def test_patients_in_both_parts_are_left_out_of_the_test() -> None:
    torn = SECOND.copy()
    torn[PATIENT == 5] = np.arange((PATIENT == 5).sum()) % 2 == 0
    torn[np.flatnonzero(PATIENT == 6)[0]] ^= (PATIENT == 6).sum() > 1
    found = drift(TABLE, torn, PATIENT)
    kept = ~np.isin(PATIENT, np.flatnonzero(
        [len(set(torn[each == PATIENT])) > 1 for each in range(PATIENTS)]))  # fmt: skip
    assert found.both == np.unique(PATIENT[~kept]).size
    again = drift(TABLE[kept], torn[kept], PATIENT[kept])
    pd.testing.assert_frame_equal(found.table, again.table)


def test_little_data_are_described_and_not_tested() -> None:
    few = PATIENT < 8
    found = drift(TABLE[few], SECOND[few], PATIENT[few], np.zeros((few.sum(), 3), np.float32))
    assert found.table["p"].isna().all() and found.table["statistic"].notna().all()
    assert np.isnan(found.area)
    empty = drift(TABLE[["age"]] * np.nan, SECOND, PATIENT)
    assert empty.table[["statistic", "p", "p_holm"]].isna().all().all()
    constant = drift(TABLE[["age"]] * 0, SECOND, PATIENT).table
    assert constant["statistic"][0] == 0 and constant["p"][0] == 1 and constant["shift"][0] == 0
    assert not len(drift(TABLE[[]], SECOND, PATIENT).table)


@pytest.mark.parametrize("second", [np.zeros(N, bool), np.ones(N, bool), SECOND[:9]], ids=str)
def test_one_part_alone_is_refused(second: np.ndarray) -> None:
    with pytest.raises(InputError):
        drift(TABLE, second, PATIENT)
