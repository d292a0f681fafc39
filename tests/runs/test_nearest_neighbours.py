from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.neighbors import NearestNeighbors

from dermxai.core.errors import InputError
from dermxai.runs import Run, open_run
from dermxai.runs.files import RunFiles
from dermxai.runs.nearest_neighbours import nearest
from tests.generated import generated_run
from tests.verification import verified


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return generated_run(tmp_path / "run", 200, patients=40, heads={"block 1": 4, "final": 16})


def changed(run: Run, **columns: object) -> Run:
    samples = run.samples.assign(**columns)
    samples.to_parquet(RunFiles(run.root).samples, index=False)
    return open_run(run.root)


def test_distances_are_scikit_learns(run: Run):
    name = run.samples["sample_id"][3]
    found = nearest(run, "SD", sample_id=name, count=5)
    patient = run.samples["patient_id"][3]
    rows = np.flatnonzero((run.samples["label"] == "SD") & (run.samples["patient_id"] != patient))
    peer = NearestNeighbors(n_neighbors=5).fit(run.features[rows])
    away, places = peer.kneighbors(run.features[[3]])
    assert [each.sample_id for each in found.found] == list(
        run.samples["sample_id"].iloc[rows[places[0]]]
    )
    verified(
        "Distance of neighbours",
        "scikit-learn NearestNeighbors",
        [each.distance for each in found.found],
        away[0],
        tolerance=1e-5,
        relative=True,
    )
    assert found.others == "patients"


def test_never_the_own_patient(run: Run):
    samples = run.samples.set_index("sample_id")
    for name in samples.index[:40]:
        for code in ("EAD", "SD"):
            found = nearest(run, code, sample_id=name, count=200).found
            of = {samples.loc[each.sample_id, "patient_id"] for each in found}
            assert samples.loc[name, "patient_id"] not in of
            assert all(samples.loc[each.sample_id, "label"] == code for each in found)


def test_unknown_patients_are_told_apart_by_lesion_then_by_image(run: Run):
    lesions = [f"lesion {index // 2}" for index in range(len(run))]
    run = changed(run, patient_id=None, lesion_id=lesions, label="SD")
    found = nearest(run, "SD", sample_id=run.samples["sample_id"][0], count=300)
    assert found.others == "lesions" and len(found.found) == len(run) - 2
    run = changed(run, lesion_id=None)
    found = nearest(run, "SD", sample_id=run.samples["sample_id"][0], count=300)
    assert found.others == "images" and len(found.found) == len(run) - 1


def test_an_image_that_is_not_in_the_run(run: Run):
    found = nearest(run, "SD", features=run.features[7], count=300)
    assert len(found.found) == (run.samples["label"] == "SD").sum()
    nearest_of_all = nearest(run, run.samples["label"][7], features=run.features[7]).found[0]
    assert nearest_of_all == (run.samples["sample_id"][7], 0.0)


def test_without_labels_the_reading_counts_and_it_is_said(run: Run):
    unlabelled = changed(run, label=pd.array([None] * len(run), dtype="str"))
    found = nearest(unlabelled, "SD", features=run.features[0], count=300)
    of = run.index([each.sample_id for each in found.found])
    assert set(run.predicted[of]) == {"SD"}
    assert found.notes == ("Images without a label count as what they are predicted as.",)


def test_typical_images_are_read_as_what_they_are(run: Run):
    found = nearest(run, "SD", features=run.features[0], count=300, typical=True).found
    of = run.index([each.sample_id for each in found])
    assert set(run.predicted[of]) == {"SD"} == set(run.samples["label"].iloc[of])


def test_a_class_without_images_is_a_sentence(run: Run):
    alone = changed(run, label=["SD"] + ["EAD"] * (len(run) - 1))
    found = nearest(alone, "LP", features=run.features[0])
    assert found.found == () and found.notes == ("The dataset has no image of LP.",)
    found = nearest(alone, "SD", sample_id=run.samples["sample_id"][0])
    assert found.notes == ("The dataset has no image of SD of other patients.",)


def test_bad_wishes_are_sentences(run: Run):
    with pytest.raises(InputError, match="no class 'eczema'"):
        nearest(run, "eczema", features=run.features[0])
    with pytest.raises(InputError, match="not in run"):
        nearest(run, "SD", sample_id="nobody")
    with pytest.raises(InputError, match="Give a sample"):
        nearest(run, "SD")


def test_whose_patient_is_unknown_may_be_the_same(run: Run):
    patients = run.samples["patient_id"].where(run.samples.index % 2 == 0)
    run = changed(run, patient_id=patients, label="SD")
    found = nearest(run, "SD", sample_id=run.samples["sample_id"][0], count=300)
    of = run.samples.set_index("sample_id").loc[[each.sample_id for each in found.found]]
    assert of["patient_id"].notna().all()
    assert found.notes == (
        f"Left out: {patients.isna().sum()} of SD, of which it is not known whose they are.",
    )


def test_a_lesion_is_the_patients_whom_another_image_of_it_tells(run: Run):
    patients = run.samples["patient_id"].where(run.samples.index != 0)
    run = changed(run, patient_id=patients, lesion_id=run.samples["patient_id"], label="SD")
    found = nearest(run, "SD", sample_id=run.samples["sample_id"][0], count=300)
    owner = run.samples["lesion_id"]
    assert found.others == "patients" and found.notes == ()
    assert len(found.found) == (owner != owner[0]).sum()


def test_lesions_numbered_for_each_patient_anew_are_not_one(run: Run):
    run = changed(run, lesion_id="1", label="SD")
    found = nearest(run, "SD", sample_id=run.samples["sample_id"][0], count=300)
    owner = run.samples["patient_id"]
    assert len(found.found) == (owner != owner[0]).sum()
