import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dermxai.core.errors import InputError
from dermxai.data.splits import folds, groups, split_by_patient

SHARES = {"train": 0.7, "validation": 0.15, "test": 0.15}


def cohort(patients: int, images: int, classes: int = 4, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    patient = rng.integers(patients, size=images)
    return pd.DataFrame(
        {
            "sample_id": [f"s{k}" for k in range(images)],
            "patient_id": [f"p{k}" for k in patient],
            "label": pd.array([f"c{k % classes}" for k in patient], dtype="str"),
        }
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(3, 60), st.integers(3, 150), st.integers(1, 6), st.integers(0, 99))
def test_no_patient_stands_on_two_sides(
    patients: int, images: int, classes: int, seed: int
) -> None:
    samples = cohort(patients, images, classes, seed)
    if samples["patient_id"].nunique() < 3:
        return
    split = split_by_patient(samples, SHARES, seed=seed)
    assert split.groupby(samples["patient_id"]).nunique().max() == 1
    assert set(split) == {"train", "validation", "test"}


def test_shares_and_classes_are_met() -> None:
    samples = cohort(400, 1200)
    split = split_by_patient(samples, SHARES)
    shares = split.value_counts(normalize=True)
    assert shares["train"] == pytest.approx(0.7, abs=0.02)
    assert shares["test"] == pytest.approx(0.15, abs=0.02)
    whole = samples["label"].value_counts(normalize=True)
    for _, labels in samples.groupby(split)["label"]:
        np.testing.assert_allclose(
            labels.value_counts(normalize=True)[whole.index], whole, atol=0.04
        )


def test_the_seed_decides() -> None:
    samples = cohort(40, 120)
    assert split_by_patient(samples, SHARES, seed=1).equals(
        split_by_patient(samples, SHARES, seed=1)
    )
    assert not split_by_patient(samples, SHARES, seed=1).equals(
        split_by_patient(samples, SHARES, seed=2)
    )


def test_lesions_and_images_stand_in_for_unknown_patients() -> None:
    samples = pd.DataFrame(
        {
            "sample_id": ["a", "b", "c", "d"],
            "patient_id": pd.array(["1", None, None, None], dtype="str"),
            "lesion_id": pd.array(["x", "1", "1", None], dtype="str"),
        }
    )
    assert groups(samples).nunique() == 3
    assert groups(samples)[1] == groups(samples)[2]
    assert groups(samples.drop(columns=["patient_id", "lesion_id"])).nunique() == 4


def lesions(*rows: tuple[str | None, str | None]) -> list[str]:
    ids = [f"s{k}" for k in range(len(rows))]
    samples = pd.DataFrame(rows, columns=["patient_id", "lesion_id"], dtype="str")
    return groups(samples.assign(sample_id=ids)).tolist()


def test_a_lesion_is_its_patients_where_another_image_tells() -> None:
    together = lesions((None, "x"), ("1", "x"), ("1", None), (None, "y"), ("2", "z"))
    assert together == ["patient_id:1"] * 3 + ["lesion_id:y", "patient_id:2"]


def test_lesions_that_are_numbered_for_each_patient_do_not_join_patients() -> None:
    together = lesions(("1", "L1"), ("1", "L2"), ("2", "L1"), (None, "L1"), (None, "L2"))
    assert together == [*["patient_id:1"] * 2, "patient_id:2", "lesion_id:L1", "patient_id:1"]


def test_folds_hold_everything_once() -> None:
    samples = cohort(30, 90)
    numbers = folds(samples, 5)
    assert sorted(set(numbers)) == [0, 1, 2, 3, 4]
    assert pd.Series(numbers).groupby(samples["patient_id"]).nunique().max() == 1


def test_unlabelled_and_rare_classes_are_split_too() -> None:
    samples = cohort(12, 24).assign(label=pd.array([None] * 24, dtype="str"))
    assert set(split_by_patient(samples, SHARES)) == {"train", "validation", "test"}
    alone = cohort(12, 12).assign(label=[f"c{k}" for k in range(12)])
    assert set(split_by_patient(alone, SHARES)) == {"train", "validation", "test"}


def test_one_split_and_too_few_patients() -> None:
    assert set(split_by_patient(cohort(1, 3), {"test": 1})) == {"test"}
    with pytest.raises(InputError, match="1 patients"):
        split_by_patient(cohort(1, 3), SHARES)
    with pytest.raises(InputError, match="folds"):
        folds(cohort(3, 9), 10)
    for wrong in ({}, {"train": 0.0, "test": 1.0}):
        with pytest.raises(InputError, match="shares"):
            split_by_patient(cohort(5, 9), wrong)
