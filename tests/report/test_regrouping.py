import numpy as np
import pytest

from dermxai import taxonomy
from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.metrics.regrouping import Combine, Per, Regrouping
from dermxai.readers.published import tables
from dermxai.report.evaluated import HOW, evaluated
from dermxai.report.measures import measures_of, point_of
from dermxai.report.regrouping import READY, disease_groups, ready, regrouping_of
from tests.generated import generated_run, rewrite

CODES = taxonomy.CODES


def test_texts_ask_for_merges_and_units() -> None:
    assert regrouping_of(CODES) == Regrouping()
    found = regrouping_of(CODES, ["EAD+SD"], "lesion", "majority")
    assert found == Regrouping((("EAD", "SD"),), Per.LESION, Combine.MAJORITY)
    groups = disease_groups(CODES)
    assert ("Hem", "PWS") in groups and ("LP", "EAD", "Pso") in groups
    assert regrouping_of(CODES, ["groups"]).merges == tuple(groups)
    assert set(HOW) == set(Combine)


def test_merges_that_have_a_name_are_offered_where_they_can_be_asked_for() -> None:
    (others,) = regrouping_of(CODES, ["eight"]).merges
    assert set(others) | set(taxonomy.READER_STUDY) == set(CODES)
    assert len(others) == 6 and set(taxonomy.READER_STUDY) == set(tables.CLASSES)
    assert list(ready(CODES)) == list(READY) == ["EAD+SD", "groups", "eight"]
    assert list(ready(taxonomy.READER_STUDY)) == ["EAD+SD", "groups"]
    assert list(ready(("mel", "x"))) == []
    assert list(ready(("MN", "mel", "akiec"))) == ["eight"]
    both = regrouping_of(CODES, ["EAD+SD", "eight"]).merges
    assert both == (("EAD", "SD"), others)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ((["EAD+mel"],), "no class 'mel'"),
        ((["EAD"],), "two different ones"),
        ((["EAD+SD", "groups"],), "several merges"),
        ((["SD+eight"],), "no class 'eight'"),
        (([], "eye"), "'eye' came"),
        (([], "lesion", "best"), "'best' came"),
    ],
)
def test_what_cannot_be_asked_for(asked, said) -> None:
    with pytest.raises(InputError, match=said):
        regrouping_of(CODES, *asked)


@pytest.mark.parametrize("classes", [taxonomy.READER_STUDY, ("a", "b", "c"), ("MN", "b")])
def test_no_eight_of_a_model_without_others_or_without_any(classes) -> None:
    with pytest.raises(InputError, match="'eight' came for a model"):
        regrouping_of(classes, ["eight"])


def test_every_number_under_a_merge_and_per_patient() -> None:
    run = generated_run(paths.runs() / "generated", images=90)
    plain = evaluated(run)
    both = Regrouping((("EAD", "SD"),))
    found = evaluated(run, regrouping=both)
    expected = plain.overall.set_index("measure").loc["top1_accuracy_merged"]
    shown = found.overall.set_index("measure").loc["top1_accuracy"]
    assert shown["value"] == expected["value"] and shown["low"] == expected["low"]
    assert found.confusion.shape == (13, 13) and found.confusion.sum() == 90
    assert "Classes taken as one: EAD∪SD." in found.notes[1]
    pair = np.isin(run.samples["label"], ("EAD", "SD")).sum()
    table = found.table.set_index("class")
    assert table.loc["EAD∪SD", "images"] == pair
    per = Regrouping(per=Per.PATIENT, combine=Combine.MAJORITY)
    found = evaluated(run, regrouping=per)
    assert found.counts.images == run.samples["patient_id"].nunique()
    assert any("combined by majority" in note for note in found.notes)
    assert found.clusters == "patients"


def test_thresholds_are_chosen_on_validation_patients_combined_alike() -> None:
    run = generated_run(paths.runs() / "generated", images=90)
    patients = np.arange(90) // 2
    split = np.array(["validation", "test"])[patients % 2]
    run = rewrite(run, patient_id=[f"p{i}" for i in patients], split=split)
    per = Regrouping((("EAD", "SD"),), Per.PATIENT)
    shown = evaluated(run, "test", regrouping=per)
    found = measures_of(run, shown, point_of("youden"), regrouping=per)
    labels = run.samples["label"].to_numpy().reshape(45, 2)[::2]
    merged = np.where(np.isin(labels, ("EAD", "SD")), "both", labels)
    assert found.rule.images == (merged[:, 0] == merged[:, 1]).sum()
    assert found.rule.shared == 0 and len(found.counts) == 13


def test_a_patient_of_merged_classes_alone_has_one_label() -> None:
    run = generated_run(paths.runs() / "generated", images=60)
    labels = np.array(["EAD", "SD"])[np.arange(60) % 2]
    run = rewrite(run, patient_id=[f"p{i // 2}" for i in range(60)], label=labels)
    assert evaluated(run, regrouping=Regrouping(per=Per.PATIENT)).counts.evaluated == 0
    both = Regrouping((("EAD", "SD"),), Per.PATIENT)
    assert evaluated(run, regrouping=both).counts.evaluated == 30
