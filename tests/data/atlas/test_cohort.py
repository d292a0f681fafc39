from collections import Counter

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermxai.data.atlas.cohort import (
    IMAGES,
    OVERLAP,
    PATIENTS,
    PROFILES,
    SHARES,
    apportion,
    cohort,
)


def table(images: int, seed: int = 7) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "patient": shot.patient.number,
                "label": shot.patient.label,
                "split": shot.patient.split,
                "age": shot.patient.age,
                "lesion": shot.lesion,
                "image": shot.image,
                "overlaps": shot.presentation == "overlap",
            }
            for shot in cohort(images, seed)
        ]
    )


def test_table_1_adds_up():
    assert sum(IMAGES.values()) == 13_603
    assert sum(PATIENTS.values()) == 2_538
    assert IMAGES.keys() == PATIENTS.keys() == PROFILES.keys()


@pytest.mark.parametrize("images", [560, 2000, 13_603])
def test_frequencies_follow_table_1(images):
    counts = table(images)["label"].value_counts()
    for label, of_table_1 in IMAGES.items():
        assert abs(counts[label] - images * of_table_1 / 13_603) <= 1


def test_as_many_images_as_table_1_come_from_about_as_many_patients():
    patients = table(13_603).groupby("label")["patient"].nunique()
    assert patients.to_dict() == dict(PATIENTS)


@pytest.mark.parametrize("images", [42, 100, 560, 2000])
def test_a_patient_has_one_disease_and_stands_in_one_split(images):
    shots = table(images)
    assert len(shots) == images
    of_patient = shots.groupby("patient")[["label", "split"]].nunique()
    assert (of_patient == 1).all(axis=None)
    assert (shots.groupby("label")["split"].nunique() == len(SHARES)).all()
    assert not shots.duplicated(["patient", "image"]).any()


def test_splits_have_about_their_shares():
    shares = table(560)["split"].value_counts(normalize=True)
    for split, share in SHARES.items():
        assert shares[split] == pytest.approx(share, abs=0.04)


@pytest.mark.parametrize("images", [42, 560, 2000])
def test_the_overlap_is_exact_in_each_split(images):
    shots = table(images)
    for (label, _), overlaps in shots.groupby(["label", "split"])["overlaps"]:
        assert overlaps.sum() == round(OVERLAP.get(label, 0) * len(overlaps))


@pytest.mark.parametrize("images", range(1, 43))
def test_any_number_of_images(images):
    shots = table(images)
    assert len(shots) == images
    assert shots["label"].isin(list(IMAGES)).all()
    assert "EAD" in set(shots["label"])  # the most frequent one
    if images >= len(IMAGES):
        assert shots["label"].nunique() == len(IMAGES)


def test_a_seed_is_a_cohort():
    assert cohort(100, 7) == cohort(100, 7)
    assert cohort(100, 7) != cohort(100, 8)


def test_ages_are_human():
    assert table(2000)["age"].between(3, 92).all()


@given(
    st.dictionaries(st.integers(), st.floats(0.01, 1000), min_size=1, max_size=20),
    st.integers(0, 500),
    st.integers(0, 5),
)
def test_apportion_gives_all_and_no_less_than_the_least(weights, total, least):
    names = {str(key): weight for key, weight in weights.items()}
    if least * len(names) > total:
        with pytest.raises(ValueError, match="cannot give"):
            apportion(names, total, least)
        return
    shares = apportion(names, total, least)
    assert sum(shares.values()) == total
    assert min(shares.values()) >= least


def test_apportion_by_the_largest_remainder():
    assert Counter(apportion({"a": 1, "b": 1, "c": 2}, 7)) == {"a": 2, "b": 2, "c": 3}
