"""Subgroups of a run: of images, lesions and patients, under merges, at operating points."""

from pathlib import Path

import numpy as np
import pytest

from dermxai.core.errors import InputError
from dermxai.core.paths import runs
from dermxai.metrics.decision import OperatingPoint
from dermxai.metrics.regrouping import Combine, Per, Regrouping
from dermxai.report.evaluated import evaluated
from dermxai.report.subgroups import SEVERAL, grouped, shown
from dermxai.runs import Run
from dermxai.runs.files import RunFiles
from tests.generated import generated_run, rewrite

CLASSES = ("EAD", "SD", "MN")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    made = generated_run(runs() / "run", 300, classes=CLASSES, heads={"final": 8}, patients=90)
    logits = np.load(RunFiles(made.root).logits) * 0.5
    logits += np.random.default_rng(1).normal(size=logits.shape)
    np.save(RunFiles(made.root).logits, logits.astype(np.float32))
    return rewrite(made, sex=made.samples["sex"])


def test_images_of_each_group_and_their_measure(run: Run) -> None:
    found = grouped(run, None, ["sex", "site"])
    right = (run.predicted == run.samples["label"].to_numpy()).astype(float)
    for row, of in enumerate(found.found.table.to_dict("records")):
        chosen = (run.samples[of["column"]] == of["group"]).to_numpy()
        assert found.images(row) == run.samples["sample_id"][chosen].tolist()
        assert of["value"] == pytest.approx(right[chosen].mean())
    table = shown(found.found)
    assert {"Column", "Group", "Images", "Patients", "p, Holm"} <= set(table)
    assert table["Top-1 accuracy"].str.endswith("%").all()


@pytest.mark.parametrize("per", [Per.LESION, Per.PATIENT])
def test_units_are_in_the_group_that_all_of_their_images_are_in(run: Run, per: Per) -> None:
    how = Regrouping((("EAD", "SD"),), per, Combine.MAJORITY)
    found = grouped(run, None, ["sex", "site", "age"], regrouping=how)
    table = found.found.table.set_index(["column", "group"])
    whole = evaluated(run, regrouping=how)
    for column in ("sex", "age"):
        assert table.loc[column, "images"].sum() == whole.sample_ids.size
    if per == Per.PATIENT:
        sex = run.samples.groupby("patient_id")["sex"].first()
        assert table.loc["sex", "images"].to_dict() == sex.value_counts().to_dict()
        sites = run.samples.groupby("patient_id")["site"].nunique()
        assert table.loc[("site", SEVERAL), "images"] == (sites > 1).sum()
    told = [name for row in range(len(found.found.table))[:2] for name in found.images(row)]
    assert sorted(told) == sorted(run.samples["sample_id"]), "all images of the units"
    assert any("taken as one" in note for note in found.notes)


def test_merged_classes_and_operating_points(run: Run) -> None:
    how = Regrouping((("EAD", "SD"),))
    merged = grouped(run, "test", ["sex"], measure="sensitivity", code="EAD∪SD", regrouping=how)
    of_both = evaluated(run, "test", regrouping=how)
    own = of_both.true == "EAD∪SD"
    assert merged.found.whole[0] == (of_both.predicted[own] == "EAD∪SD").mean()
    point = grouped(run, "test", ["sex"], measure="sensitivity", code="SD", point=OperatingPoint())
    assert "Youden" in point.rule and "validation" in point.rule
    with pytest.raises(InputError, match="has no class 'SD'"):
        grouped(run, "test", ["sex"], measure="sensitivity", code="SD", regrouping=how)
    # of all classes together there is argmax alone
    assert "argmax" in grouped(run, "test", ["sex"], point=OperatingPoint()).rule


def test_notes_say_what_was_cut_corrected_and_left_out(run: Run) -> None:
    run = rewrite(run, name=[f"n{i}" for i in range(len(run))], artefacts="hair")
    notes = "\n".join(grouped(run, "test").notes)
    assert "Cut at quantiles of these images: age." in notes
    assert "named by its most frequent label" in notes
    assert "tests (Holm)" in notes and "Not grouped by, for their many values: name." in notes
    assert grouped(run, "test").as_json()["correction"] == "Holm"
