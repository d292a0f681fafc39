from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermxai.data.atlas.cohort import PROFILES, apportion, cohort
from dermxai.data.atlas.settings import DEMO, IMAGES, PATIENTS, SHARES, AtlasSettings

OVERLAP = {"EAD": {"SD": 0.8, "Pso": 0.4}, "SD": {"Rosa": 0.6}}


def table(images: int, seed: int = 7) -> pd.DataFrame:
    return drawn(AtlasSettings(images=images, seed=seed))


def drawn(settings: AtlasSettings) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "patient": shot.patient.number,
                "label": shot.label,
                "drawn": shot.patient.label,
                "split": shot.patient.split,
                "age": shot.patient.age,
                "lesion": shot.lesion,
                "image": shot.image,
                "other": shot.other,
                "share": shot.other_share,
            }
            for shot in cohort(settings)
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


def test_shares_of_signs_lie_evenly_between_none_and_the_largest():
    shots = drawn(AtlasSettings(images=4000, overlap=OVERLAP))
    mixed = shots[shots["other"] != ""]
    assert set(mixed["drawn"]) == set(OVERLAP)
    for (code, other), group in mixed.groupby(["drawn", "other"]):
        largest = OVERLAP[code][other]
        assert group["share"].between(0, largest).all()
        of_patient = group.groupby("patient")["share"].mean() / largest
        cells = np.histogram(of_patient, bins=4, range=(0, 1))[0] / len(of_patient)
        assert cells == pytest.approx(np.full(4, 0.25), abs=0.1), (code, other)
        # The images of a patient differ, but far less than patients do.
        within = group.groupby("patient")["share"].std().mean() / largest
        assert 0.02 < within < 0.12


def test_a_patient_has_one_other_class_the_more_often_the_higher_its_largest_share():
    shots = drawn(AtlasSettings(images=4000, overlap=OVERLAP))
    mixed = shots[shots["other"] != ""]
    patients = mixed.drop_duplicates(["patient", "other"])
    assert not patients.duplicated("patient").any()
    others = patients.groupby(["drawn", "other"]).size()
    assert others["EAD", "SD"] / others["EAD", "Pso"] == pytest.approx(2, rel=0.05)
    unmixed = drawn(AtlasSettings(images=500, overlap={}))
    assert (unmixed["other"] == "").all()
    assert (unmixed["share"] == 0).all()


@pytest.mark.parametrize("noise", [0.0, 0.1, 1.0])
def test_label_noise_is_exact_in_each_split_and_bears_the_other_label(noise):
    shots = drawn(AtlasSettings(images=2000, overlap=OVERLAP, label_noise=noise))
    wrong = shots["label"] != shots["drawn"]
    assert (shots["label"][wrong] == shots["other"][wrong]).all()
    for _, group in shots[shots["other"] != ""].groupby(["drawn", "split"]):
        assert (group["label"] != group["drawn"]).sum() == round(noise * len(group))
    assert not wrong[shots["other"] == ""].any()


def test_patients_images_classes_and_splits_are_as_asked_for():
    settings = AtlasSettings(
        images=300,
        class_mix={"EAD": 2, "BCC": 1},
        patients={"EAD": 50},
        images_a_patient=5,
        fewest_images={"EAD": 3},
        splits={"train": 0.2, "test": 0.8},
        overlap={},
    )
    shots = drawn(settings)
    assert shots["label"].value_counts().to_dict() == {"EAD": 200, "BCC": 100}
    patients = shots.groupby("label")["patient"].nunique()
    assert patients.to_dict() == {"EAD": 50, "BCC": 20}
    assert shots[shots["label"] == "EAD"].groupby("patient").size().min() == 3
    in_split = shots.groupby(["label", "split"])["patient"].nunique()
    assert in_split["EAD"].to_dict() == {"train": 10, "test": 40}
    # Images suffice for 66 patients of three images each and no more.
    crowded = drawn(settings.replaced(patients={"EAD": 500}))
    assert crowded[crowded["label"] == "EAD"]["patient"].nunique() == 66


def test_the_demo_has_test_patients_enough_for_its_question():
    tested = drawn(DEMO).query("split == 'test'")
    assert (tested.groupby("label")["patient"].nunique() >= 12).all()
    images = tested.groupby(["label", "patient"]).size()
    for code in ("EAD", "SD"):
        assert (images[code] >= 2).sum() >= 25
    assert (tested["label"] != tested["drawn"]).sum() >= 4, "labels to find again"


@pytest.mark.parametrize("images", range(1, 43))
def test_any_number_of_images(images):
    shots = table(images)
    assert len(shots) == images
    assert shots["label"].isin(list(IMAGES)).all()
    assert "EAD" in set(shots["label"])  # the most frequent one
    if images >= len(IMAGES):
        assert shots["label"].nunique() == len(IMAGES)


def test_a_seed_is_a_cohort():
    assert cohort(AtlasSettings(images=100)) == cohort(AtlasSettings(images=100))
    assert cohort(AtlasSettings(images=100)) != cohort(AtlasSettings(images=100, seed=8))


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


def test_labels_are_planted_whatever_an_image_shows_and_nothing_else_moves():
    plain = AtlasSettings(images=1500, overlap={})
    wrong = plain.model_copy(update={"mislabelled": {"MN": {"BCC": 0.2, "SK": 0.1}}})
    before, after = drawn(plain), drawn(wrong)
    mine = after["drawn"] == "MN"
    assert (after["label"][~mine] == before["label"][~mine]).all()
    for _, group in after[mine].groupby("split"):
        told = group["label"].value_counts()
        assert told["BCC"] == round(0.2 * len(group))
        assert told["SK"] == round(0.1 * len(group))
    unmoved = [column for column in before if column != "label"]
    assert before[unmoved].equals(after[unmoved])


def test_training_patients_are_missing_and_the_others_are_the_same():
    plain = AtlasSettings(images=1500)
    thinned = plain.model_copy(update={"training_shares": {"SD": 0.2, "EAD": 0.001}})
    before, after = drawn(plain), drawn(thinned)
    known = before.set_index(["patient", "image"]).index
    assert after.set_index(["patient", "image"]).index.isin(known).all()
    gone = ~before["patient"].isin(after["patient"])
    assert set(before.loc[gone, "split"]) == {"train"}
    assert set(before.loc[gone, "drawn"]) == {"SD", "EAD"}
    patients = [
        each[each["split"] == "train"].groupby("drawn")["patient"].nunique()
        for each in (before, after)
    ]
    assert patients[1]["SD"] == round(0.2 * patients[0]["SD"])
    assert patients[1]["EAD"] == 1
    alone = plain.model_copy(update={"overlap": {}})
    unmixed, few = drawn(alone), drawn(alone.model_copy(update={"training_shares": {"SD": 0.2}}))
    assert few.merge(unmixed).shape == few.shape
