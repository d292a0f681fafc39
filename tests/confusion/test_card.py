import json

import numpy as np
import pandas as pd
import pytest

from dermxai.confusion.card import CauseFiles, make_card, open_card
from dermxai.confusion.finding import Cause, Skipped
from dermxai.confusion.pair_images import pair_images
from dermxai.confusion.simple import colour_statistics, design, other_readers
from dermxai.core.errors import InputError
from dermxai.runs import feature_spaces, open_run
from dermxai.runs.files import RunFiles
from tests.generated import generated_run, rewrite

HEADS = {"block 1": 6, "final": 10}


@pytest.fixture
def run(tmp_path):
    return generated_run(
        tmp_path / "runs" / "one", 240, classes=("MN", "BCC", "SK"), heads=HEADS, patients=120
    )


def test_a_card_is_kept_and_opened_as_it_was(run):
    assert open_card(run, "MN", "BCC") is None
    phases = []
    made = make_card(run, "MN", "BCC", progress=lambda *at: phases.append(at[0]))
    kept = open_card(open_run(run.root), "MN", "BCC")
    assert repr(kept) == repr(made)
    assert list(dict.fromkeys(phases)) == ["colours", "causes"]
    assert open_card(run, "BCC", "MN") is None
    assert open_card(run, "MN", "BCC", "test") is None


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "{}",
        "[1]",
        '{"findings": 3}',
        lambda told: told["findings"].pop(),
        lambda told: told["findings"][0].update(cause="x"),
        lambda told: told["findings"][0].update(p="0.01"),
        lambda told: told["findings"][0].update(facts={"offset": []}),
        lambda told: told["findings"][1].update(support=["../../etc"]),
        lambda told: told.update(images=[1]),
        lambda told: told.update(errors_of_all=["elsewhere"]),
    ],
)
def test_a_damaged_card_is_made_anew(run, damage):
    make_card(run, "MN", "BCC")
    (file,) = CauseFiles(run.root).root.iterdir()
    if isinstance(damage, str):
        file.write_text(damage)
    else:
        told = json.loads(file.read_text())
        damage(told)
        file.write_text(json.dumps(told))
    assert open_card(run, "MN", "BCC") is None


def test_what_cannot_be_asked_is_refused(run):
    for pair, said in ((("MN", "MN"), "twice"), (("MN", "mole"), "mole")):
        with pytest.raises(InputError, match=said):
            make_card(run, *pair)
    with pytest.raises(InputError, match="no split 'other'"):
        make_card(run, "MN", "BCC", "other")
    bare = rewrite(run, label=np.where(run.samples["label"] == "SK", "BCC", run.samples["label"]))
    with pytest.raises(InputError, match="labelled SK"):
        make_card(bare, "MN", "SK")


def test_other_runs_and_embeddings_are_other_features(run, tmp_path):
    other = generated_run(
        tmp_path / "runs" / "two", 240, classes=("MN", "BCC", "SK"), heads={"final": 7}, seed=0
    )
    space = feature_spaces.ImportedFeatures("panderm", "x", "d", np.ones((240, 3), np.float32))
    feature_spaces.write(RunFiles(run.root), run.samples["sample_id"], space)
    images = pair_images(run, "MN", "BCC", others=[other])
    assert set(images.spaces) == {"all heads", "final head", "panderm", f"run {other.id}"}
    assert images.spaces["final head"].shape[1] == 10
    less = generated_run(tmp_path / "runs" / "three", 30, classes=("MN", "BCC", "SK"), heads=HEADS)
    with pytest.raises(InputError, match="lacks"):
        pair_images(run, "MN", "BCC", others=[less])
    before = open_card(run, "MN", "BCC")
    make_card(run, "MN", "BCC", beside=[other])
    assert before is None and open_card(run, "MN", "BCC")


def test_the_truth_of_an_atlas_is_looked_at_by_no_test(run):
    """Columns that give everything away change nothing."""
    plain = make_card(run, "MN", "BCC")
    label = run.samples["label"]
    told = rewrite(
        run,
        drawn_class=label,
        other_class=np.where(run.predicted == label, "", run.predicted),
        other_share=(run.predicted != label).astype(float),
        label_noise=np.where(run.predicted == label, "no", "yes"),
        shortcut="no",
        training_share=run.predicted == "MN",
    )
    assert repr(make_card(told, "MN", "BCC")) == repr(plain)


def test_fitted_and_asked_images_share_no_patient(run):
    images = pair_images(run, "MN", "BCC")
    assert images.fitting.any() and images.asked.any()
    for rows in (images.fitting, images.validation):
        assert not set(images.clusters[rows]) & set(images.clusters[images.asked])
    train = pair_images(run, "MN", "BCC", "train")
    assert (train.samples.index[train.asked].size) == (
        (run.samples["split"] == "train") & run.samples["label"].isin(("MN", "BCC"))
    ).sum()
    assert not set(train.clusters[train.fitting]) & set(train.clusters[train.asked])


def test_lesions_and_readers_that_name_the_other_class_contradict_a_label(run):
    mine = run.samples["label"].isin(("MN", "BCC"))
    rows = np.flatnonzero(mine)
    lesion = pd.Series([f"L{i}" for i in range(len(run))])
    patient = pd.Series([f"P{i}" for i in range(len(run))])
    first = rows[(run.samples["label"].iloc[rows] == "MN").to_numpy()][:2]
    second = rows[(run.samples["label"].iloc[rows] == "BCC").to_numpy()][:1]
    lesion.iloc[[*first, *second]], patient.iloc[[*first, *second]] = "same", "P"
    reader = run.samples["label"].copy()
    reader.iloc[first[0]] = "BCC"
    told = rewrite(run, lesion_id=lesion, patient_id=patient, second_reader=reader)
    images = pair_images(told, "MN", "BCC")
    found = set(images.sample_ids[images.contradicted])
    ids = run.samples["sample_id"].to_numpy()
    blind = RunFiles(run.root).pictures.exists()
    assert not blind and found == {ids[second[0]], ids[first[0]]}
    assert images.readers == ("second_reader",) and "second_reader" not in images.samples


def test_simple_columns_are_few_and_known():
    samples = pd.DataFrame(
        {
            "age": [20.0, np.nan, 60.0, 40.0],
            "sex": ["male", None, "female", "male"],
            "note": list("abcd"),
            "device": ["x"] * 4,
        }
    )
    numbers, names = design(samples)
    assert names == ("age", "sex")
    assert numbers.shape == (4, 3 + 3) and np.isfinite(numbers).all()
    assert design(samples[["note"]])[1] == ()
    assert other_readers(samples.assign(reader_1=list("abcd")), ("a", "b")).empty


def test_colours_are_moments_of_the_image(run):
    path = str(run.samples["path"].iloc[0])
    found = colour_statistics([path, "nowhere.jpg"])
    assert found.shape == (2, 15)
    assert found[0, :3] == pytest.approx(np.array([200, 150, 130]) / 255, abs=0.01)
    assert found[0, 3:6] == pytest.approx(0, abs=0.01)
    assert np.isnan(found[1]).all()


def test_every_cause_is_answered_or_skipped(run):
    card = make_card(run, "MN", "BCC")
    assert [each.cause for each in card.findings] == list(Cause)
    assert all(isinstance(each.skipped, Skipped | None) for each in card.findings)
    assert sum(card.images) > 20 and min(card.patients) > 5
    assert sum(each.skipped is None for each in card.findings) >= 3
