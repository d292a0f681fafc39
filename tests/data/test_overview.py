import numpy as np
import pandas as pd
import pytest

from dermxai.data import overview


@pytest.fixture
def samples() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "sample_id": list("abcdef"),
            "label": pd.array(["MN", "MN", "MN", "EAD", "EAD", None], dtype="str"),
            "patient_id": pd.array(["1", "1", "2", "3", None, "4"], dtype="str"),
            "age": [30.0, 32.0, 50.0, np.nan, 20.0, 70.0],
            "sex": pd.array(["female", None, "male", "female", "female", None], dtype="str"),
        }
    )


def test_by_class(samples: pd.DataFrame) -> None:
    table = overview.by_class(samples)
    assert list(table.index) == ["MN", "EAD", overview.UNLABELLED]
    nevi = table.loc["MN"]
    assert (nevi["images"], nevi["patients"]) == (3, 2)
    assert nevi["images_share"] == 0.5
    assert nevi["patients_share"] == 0.5
    assert nevi["age_mean"] == pytest.approx((31 + 50) / 2)
    assert nevi["age_sd"] == pytest.approx(np.std([31, 50], ddof=1))
    assert (nevi["age_low"], nevi["age_high"]) == (31, 50)
    assert (nevi["female"], nevi["female_share"]) == (1, 0.5)
    assert table.loc["EAD", "female"] == 2
    assert table.loc["EAD", "patients"] == 1
    assert np.isnan(table.loc[overview.UNLABELLED, "female_share"])
    assert np.isnan(table.loc[overview.UNLABELLED, "age_sd"])


def test_whole(samples: pd.DataFrame) -> None:
    everything = overview.whole(samples)
    assert (everything["images"], everything["patients"]) == (6, 4)
    assert everything["age_mean"] == pytest.approx(np.mean([31, 50, 20, 70]))
    assert everything["female_share"] == 0.75


def test_a_sex_that_is_not_known_counts_as_neither(samples: pd.DataFrame) -> None:
    few = samples.assign(sex=pd.array(["female"] + [None] * 5, dtype="str"))
    assert overview.whole(few)["female_share"] == 1
    assert overview.by_class(few)["female_share"].isna().tolist() == [False, True, True]


def test_what_is_not_known_is_nan() -> None:
    bare = pd.DataFrame({"sample_id": ["a", "b"], "label": pd.array([None, "MN"], dtype="str")})
    everything = overview.whole(bare)
    assert everything["images"] == 2
    assert everything.drop("images").isna().all()
    assert overview.by_class(bare)["patients_share"].isna().all()


def test_shares_add_up_whatever_the_data() -> None:
    rng = np.random.default_rng(0)
    samples = pd.DataFrame(
        {
            "sample_id": np.arange(500).astype(str),
            "label": rng.choice(["a", "b", "c"], 500),
            "patient_id": rng.integers(80, size=500).astype(str),
        }
    )
    table = overview.by_class(samples)
    assert table["images"].sum() == 500
    assert table["images_share"].sum() == pytest.approx(1)
    assert table["patients"].max() <= 80
