from collections.abc import Callable

import numpy as np
import pandas as pd
from streamlit.testing.v1 import AppTest

from dermxai import taxonomy
from dermxai.core import paths
from dermxai.data import selection
from dermxai.runs import Run
from dermxai.runs.files import RunFiles

Make, Open = Callable[..., Run], Callable[..., AppTest]


def cards(app: AppTest) -> list[str]:
    return [button.label for button in app.button if "thumbnail-dataset" in str(button.key)]


def test_table_one(make_run: Make, open_page: Open) -> None:
    run = make_run(images=300)
    app = open_page("dataset", run="run")
    table = next(each.value for each in app.dataframe if "Images %" in each.value)
    assert table["Images"].sum() == 300
    assert abs(table["Images %"].sum() - 100) < 1e-9
    assert list(table["Class"]) == list(taxonomy.CODES)
    assert table["Patients"].max() <= run.samples["patient_id"].nunique()


def test_filters_narrow_the_gallery_and_make_a_selection(make_run: Make, open_page: Open) -> None:
    run = make_run(images=200)
    app = open_page("dataset", run="run")
    assert len(cards(app)) == 24
    app.multiselect(key="filter-dataset-label").set_value(["EAD"]).run()
    wanted = run.samples.loc[run.samples["label"] == "EAD", "sample_id"]
    assert len(cards(app)) == min(24, len(wanted))
    app.button(key="select-filter").click().run()
    chosen = selection.read(app.query_params["sel"])
    assert chosen.sample_ids == tuple(wanted)
    assert chosen.title == "Class: EAD"


def test_search_by_patient_and_by_the_name_of_a_class(make_run: Make, open_page: Open) -> None:
    run = make_run(images=100)
    app = open_page("dataset", run="run")
    patient = run.samples["patient_id"][7]
    app.text_input(key="filter-dataset").set_value(patient.upper()).run()
    number = patient.split()[1]
    texts = run.samples["patient_id"] + run.samples["sample_id"]
    assert len(cards(app)) == texts.str.contains(number).sum()
    app.text_input(key="filter-dataset").set_value("psoriasis").run()
    assert len(cards(app)) == min(24, (run.samples["label"] == "Pso").sum())
    app.text_input(key="filter-dataset").set_value("no such thing").run()
    assert cards(app) == []


def test_a_column_may_be_called_as_the_search(make_run: Make, open_page: Open) -> None:
    file = RunFiles(make_run(images=30).root).samples
    samples = pd.read_parquet(file)
    samples.assign(search=["first", "second"] * 15).to_parquet(file, index=False)
    app = open_page("dataset", run="run")
    assert not app.error and not app.exception
    app.multiselect(key="filter-dataset-search").set_value(["first"]).run()
    assert len(cards(app)) == 15


def test_a_click_opens_the_image(make_run: Make, open_page: Open) -> None:
    run = make_run(images=30)
    app = open_page("dataset", run="run")
    second = run.samples["sample_id"][1]
    app.button(key=f"thumbnail-dataset-{second}").click().run()
    assert app.query_params["primary"] == second
    assert app.title[0].value == second


def test_a_patient_in_two_splits_is_a_warning(make_run: Make, open_page: Open) -> None:
    run = make_run(images=40)
    samples = run.samples.copy()
    samples["patient_id"] = "one and the same"
    samples.to_parquet(RunFiles(run.root).samples, index=False)
    app = open_page("dataset", run="run")
    assert "1 patient in more than one split" in app.expander[0].label


def test_a_lesion_in_two_splits_is_a_warning_where_patients_are_not_known(
    make_run: Make, open_page: Open
) -> None:
    run = make_run(images=40)
    samples = run.samples.drop(columns="patient_id")
    samples["lesion_id"] = ["one", "one", "two", "two"] * 10
    samples["split"] = ["train", "test", "train", "train"] * 10
    samples.to_parquet(RunFiles(run.root).samples, index=False)
    app = open_page("dataset", run="run")
    assert "1 lesion in more than one split" in app.expander[0].label


def test_copies_of_an_image_in_two_splits_are_a_warning(make_run: Make, open_page: Open) -> None:
    run = make_run(images=40)
    files = RunFiles(run.root)
    samples = run.samples.drop(columns="patient_id")
    samples["split"] = ["train", "test"] * 20
    samples.to_parquet(files.samples, index=False)
    np.save(files.fingerprints, np.array([b"same", b"same", *map(str, range(38))], np.bytes_))
    app = open_page("dataset", run="run")
    assert "1 image in more than one split" in app.expander[0].label


def test_a_dataset_without_a_run(make_run: Make, open_page: Open) -> None:
    run = make_run(images=20)
    new = paths.datasets() / "新 <b>"
    new.parent.mkdir()
    (run.root / "images").rename(new)
    app = open_page("dataset", run="run")
    app.selectbox(key="dataset").set_value(str(new)).run()
    assert not app.error
    assert "4 images" in app.caption[0].value
    assert "patients not stated" in app.caption[0].value
    assert app.button(key="start").label == "Run inference"
    assert "run" not in app.query_params


def test_a_dataset_that_was_mended_is_seen_anew(make_run: Make, open_page: Open) -> None:
    run = make_run(images=20)
    new = paths.datasets() / "new"
    new.parent.mkdir()
    (run.root / "images").rename(new)
    app = open_page("dataset", run="run")
    app.selectbox(key="dataset").set_value(str(new)).run()
    assert "4 images" in app.caption[0].value
    first = next(new.iterdir())
    (new / f"another{first.suffix}").write_bytes(first.read_bytes())
    assert "5 images" in app.run().caption[0].value


def test_words_of_a_split_that_are_not_understood_are_told(make_run: Make, open_page: Open) -> None:
    file = RunFiles(make_run(images=30).root).samples
    samples = pd.read_parquet(file)
    samples.assign(split=["train", "Handyscope"] * 15).to_parquet(file, index=False)
    (told,) = (warning.value for warning in open_page("dataset", run="run").warning)
    assert "'Handyscope' (15)" in told and "Left out of training and validation" in told


def test_near_duplicates_between_splits_stand_side_by_side(make_run: Make, open_page: Open) -> None:
    run = make_run(images=40)
    split = run.samples["split"].to_numpy()
    train, test = (int(np.flatnonzero(split == name)[0]) for name in ("train", "test"))
    hashes = np.random.default_rng(0).integers(0, 256, (40, 8, 32)).astype(np.uint8)
    hashes[test, 3] = hashes[train, 0]
    hashes[test, 3, 0] ^= 7  # three bits
    np.save(RunFiles(run.root).pictures, hashes)
    app = open_page("dataset", run="run")
    assert any("1 near-duplicate between splits" in each.label for each in app.expander)
    names = run.samples["sample_id"]
    (told,) = (each.value for each in app.caption if "bits of the hash differ" in each.value)
    assert names[train] in told and names[test] in told
    assert "3 of 256 bits" in told and "test, train" in told
    app.button(key="select-near").click().run()
    assert set(selection.read(app.query_params["sel"]).sample_ids) == {names[train], names[test]}
