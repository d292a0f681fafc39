"""Stacks: what they are read from, in what order they are fitted, and on which images."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import log_softmax

from dermxai.core.errors import Cancelled, InputError
from dermxai.data.picture_hash import NEAR
from dermxai.metrics.decision import ARGMAX
from dermxai.remedies import SkippedError, Stack, divided, fit_stack
from dermxai.remedies.contract import CLASSES, bench_of, made_up
from dermxai.remedies.images import Held, images_of, outputs_of
from dermxai.remedies.methods.image_weights import group_weights
from dermxai.remedies.methods.relabel import RELABEL, RelabelSettings
from dermxai.remedies.methods.retrain_heads import RETRAIN_HEADS, RetrainSettings
from dermxai.runs import Run, open_run
from dermxai.runs.files import RunFiles
from dermxai.slices import Slice
from dermxai.slices import keep as keep_slice
from tests.generated import generated_run, rewrite, trained_here

MERGE = {"remedy": "merge_classes", "settings": {"classes": "EAD+SD"}}
LOGISTIC = '["logit_offset",{"remedy":"retrain_heads","settings":{"method":"logistic"}}]'
SMALL = {"block 1": 3, "final": 12}
EVERY = (
    '[{"remedy":"relabel","settings":{"images":"image 00001,image 00002"}},'
    '{"remedy":"image_weights","settings":{"column":"sex"}},'
    '{"remedy":"merge_classes","settings":{"classes":"EAD+SD"}},'
    '{"remedy":"retrain_heads","settings":{"images":"both"}},"average_heads",'
    '"logit_offset","temperature","operating_point"]'
)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return generated_run(tmp_path / "run", 300, heads=SMALL)


def all_rows(run: Run) -> np.ndarray:
    return np.arange(len(run))


def test_nothing_is_the_unchanged_network(run: Run) -> None:
    fitted = fit_stack(run, Stack.parsed(""))
    outputs = fitted.applied(outputs_of(run, all_rows(run)))
    np.testing.assert_array_equal(outputs.probabilities, run.probabilities)
    assert outputs.classes == run.classes and fitted.rule is ARGMAX and fitted.told == ()


@pytest.mark.parametrize(
    "stack", [EVERY, '["logit_offset",{"remedy":"retrain_heads","settings":{"method":"logistic"}}]']
)
def test_test_images_change_nothing_of_what_is_fitted(tmp_path: Path, stack: str) -> None:
    """Labels, logits, features and columns of test images are poisoned: the fit is the same to the
    bit."""
    run = generated_run(tmp_path / "run", 300, heads=SMALL)
    test = (run.samples["split"] == "test").to_numpy()
    before = fit_stack(run, Stack.parsed(stack))
    for name, shape in (("logits", (-1, 1, 1)), ("pooled", (-1, 1))):
        values = np.load(run.root / f"{name}.npy")
        np.save(run.root / f"{name}.npy", np.where(test.reshape(shape), np.nan, values))
    labels = run.samples["label"].where(~test, "MN")
    poisoned = rewrite(run, label=labels, sex=run.samples["sex"].where(~test, "x"), age=1e9)
    assert np.isnan(np.asarray(poisoned.logits)).any()
    after = fit_stack(poisoned, Stack.parsed(stack))
    clean = outputs_of(run, all_rows(run)[~test])
    np.testing.assert_array_equal(before.applied(clean).parts, after.applied(clean).parts)
    assert before.rule == after.rule and before.told == after.told


def test_nobody_is_on_two_sides(run: Run) -> None:
    split = run.samples["split"].to_numpy(dtype=object).copy()
    patients = run.samples["patient_id"].to_numpy(dtype=object)
    test, training = patients[split == "test"][0], patients[split == "train"][0]
    rows = [np.flatnonzero(split == "train")[5], np.flatnonzero(split == "validation")[:2]]
    patients = patients.copy()
    patients[rows[0]], patients[rows[1]] = test, [test, training]
    moved = rewrite(run, patient_id=patients)
    found = divided(moved)
    sides = [set(patients[of]) for of in (found.training, found.validation, found.test)]
    assert not (sides[0] & sides[1] or sides[0] & sides[2] or sides[1] & sides[2])
    assert (found.shared, found.torn) == (Held(patients=2), Held(patients=1))
    assert fit_stack(moved, Stack()).notes == (
        "2 images of training and validation left out: 2 of patients who have test images.",
        "1 validation image left out: 1 of patients who have training images.",
    )


def test_copies_of_what_is_measured_are_not_fitted_on(run: Run) -> None:
    """The same file under another name and patient."""
    before = divided(run)
    files = np.array([str(index) for index in range(len(run))], dtype=np.bytes_)
    files[before.training[:3]] = files[before.test[:3]]
    files[before.validation[0]], files[before.validation[1]] = (
        files[before.test[4]],
        files[before.training[5]],
    )
    np.save(run.root / "fingerprints.npy", files)
    found = divided(open_run(run.root))
    np.testing.assert_array_equal(found.training, before.training[3:])
    np.testing.assert_array_equal(found.validation, before.validation[2:])
    np.testing.assert_array_equal(found.test, before.test)
    assert before.shared == before.torn == Held()
    assert (found.shared, found.torn) == (Held(files=4), Held(files=1))
    assert "4 whose very file is a test image" in " ".join(found.notes)


def test_near_duplicates_of_what_is_measured_are_not_fitted_on(run: Run) -> None:
    """The same picture turned and saved anew, under another name and patient; each image is left
    out for one reason, and what was looked for is kept."""
    before = divided(run)
    hashes = np.random.default_rng(0).integers(0, 256, (len(run), 8, 32), dtype=np.uint8)
    hashes[before.training[0], 5] = hashes[before.test[0], 0]
    turned = np.unpackbits(hashes[before.test[1], 0])
    turned[:NEAR] ^= 1
    hashes[before.training[1], 0] = np.packbits(turned)
    turned[NEAR] ^= 1
    hashes[before.training[2], 0] = np.packbits(turned)  # a bit too far
    hashes[before.validation[0], 2] = hashes[before.test[2], 0]
    hashes[before.validation[1], 2] = hashes[before.training[9], 0]
    np.save(RunFiles(run.root).pictures, hashes)
    found = divided(open_run(run.root))
    np.testing.assert_array_equal(found.training, before.training[2:])
    np.testing.assert_array_equal(found.validation, before.validation[2:])
    np.testing.assert_array_equal(found.test, before.test)
    assert (found.shared, found.torn) == (Held(pictures=3), Held(pictures=1))
    assert "3 that show the same picture as a test image" in " ".join(found.notes)
    kept = sorted((run.root / "near-copies").iterdir())
    assert len(kept) == 2
    for file in kept:
        file.write_bytes(b"damaged")
    again = divided(open_run(run.root))
    assert (again.shared, again.torn) == (found.shared, found.torn)
    assert [file.stat().st_size > 100 for file in kept] == [True, True]
    hashes[:] = 0  # of one shade: alike to every measure, and no copies
    np.save(RunFiles(run.root).pictures, hashes)
    for file in kept:
        file.unlink()
    assert divided(open_run(run.root)).shared == Held()


def test_without_splits_patients_are_divided_by_chance_and_it_is_said(run: Run) -> None:
    bare = rewrite(run, split=pd.array([None] * len(run), dtype="str"))
    found = divided(bare)
    parts = (found.training, found.validation, found.test)
    assert [round(part.size / len(run), 1) for part in parts] == [0.5, 0.2, 0.3]
    patients = bare.samples["patient_id"].to_numpy()
    sides = [set(patients[part]) for part in parts]
    assert not (sides[0] & sides[1] or sides[0] & sides[2] or sides[1] & sides[2])
    assert "tells no split: its images were divided by chance" in fit_stack(bare, Stack()).notes[0]
    assert all(map(np.array_equal, parts, (divided(bare).training, found.validation, found.test)))
    with pytest.raises(InputError, match="too few patients to be divided"):
        fit_stack(rewrite(bare, patient_id="one"), Stack())


def test_logits_that_are_no_numbers_are_refused(run: Run) -> None:
    logits = np.load(run.root / "logits.npy")
    row = int(divided(run).training[3])
    logits[row, 0, 0] = np.nan
    np.save(run.root / "logits.npy", logits)
    with pytest.raises(InputError, match=f"1 image .image {row:05d} first. are no finite"):
        fit_stack(rewrite(run), Stack.parsed("temperature"))


@pytest.mark.parametrize("by", ["fitted", "prior"])
def test_offsets_between_some_classes_leave_the_others(run: Run, by: str) -> None:
    told = json.dumps([{"remedy": "logit_offset", "settings": {"between": "SD+EAD", "by": by}}])
    fitted = fit_stack(run, Stack.parsed(told))
    (change,) = fitted.changes
    at = [run.classes.index(code) for code in ("EAD", "SD")]
    assert change.offsets[at].sum() == pytest.approx(0) and (change.offsets[at] != 0).all()
    assert not np.delete(change.offsets, at).any()
    others = run.samples["label"].where(run.samples["label"].isin(("EAD", "SD")), "MN")
    again = fit_stack(rewrite(run, label=others), Stack.parsed(told))
    np.testing.assert_array_equal(again.changes[0].offsets, change.offsets)


def test_borders_between_what_are_no_two_classes_are_refused(run: Run) -> None:
    for between, said in (("EAD", "expected two"), ("EAD+mole", "no class 'mole'"), ("+", None)):
        told = json.dumps([{"remedy": "logit_offset", "settings": {"between": between}}])
        if said is None:
            assert (fit_stack(run, Stack.parsed(told)).changes[0].offsets != 0).sum() > 2
            continue
        with pytest.raises(InputError, match=said):
            fit_stack(run, Stack.parsed(told))
    assert Stack.parsed("logit_offset").digest == "cf8997d1da181376"


def test_a_class_without_validation_images_keeps_its_logits(run: Run) -> None:
    labels = run.samples["label"].to_numpy(dtype=object).copy()
    labels[(run.samples["split"] == "validation") & (labels == "MN")] = "BCC"
    fitted = fit_stack(rewrite(run, label=labels), Stack.parsed("logit_offset,operating_point"))
    assert "Without validation images, no offset: VW, MN." in fitted.told[0].notes
    told = "Without a threshold, since validation images lack: VW, MN."
    assert told in fitted.told[1].notes
    assert fitted.changes[0].offsets[run.classes.index("MN")] == 0


def test_without_validation_images_steps_are_skipped_and_say_so(run: Run) -> None:
    lost = rewrite(run, split=run.samples["split"].replace("validation", "train"))
    fitted = fit_stack(lost, Stack.parsed("temperature,retrain_heads,operating_point"))
    assert [bool(each.skipped) for each in fitted.told] == [True, False, True]
    assert "No validation image" in fitted.told[0].skipped
    assert "held-out images" in fitted.told[1].notes[0]
    assert fitted.rule is ARGMAX and len(fitted.changes) == 1


def test_merged_classes_are_decided_by_the_sum(run: Run) -> None:
    stack = Stack.parsed('[{"remedy":"merge_classes","settings":{"classes":"EAD+SD"}}]')
    fitted = fit_stack(run, stack)
    outputs = fitted.applied(outputs_of(run, all_rows(run)))
    at = [run.classes.index(code) for code in ("EAD", "SD")]
    place = fitted.classes.index("EAD∪SD")
    np.testing.assert_allclose(
        outputs.probabilities[:, place], run.probabilities[:, at].sum(axis=1)
    )
    assert set(fitted.labelled(np.array(["EAD", "SD", "MN"], dtype=object))) == {"EAD∪SD", "MN"}


def test_group_weights_are_those_of_scikit_learn() -> None:
    from sklearn.utils.class_weight import compute_sample_weight

    groups = pd.Series(list("aaabbc"))
    np.testing.assert_allclose(group_weights(groups), compute_sample_weight("balanced", groups))
    np.testing.assert_allclose(group_weights(groups, 0), 1)


def test_labels_change_for_what_follows_only() -> None:
    bench = bench_of(made_up()[0])
    ids = bench.training.outputs.sample_ids
    fitted = RELABEL.fitted(bench, RelabelSettings(images=f"{ids[0]},elsewhere", label="SK"))
    assert fitted.training.labels[0] == "SK" and fitted.change is None
    assert "1 image of those named" in fitted.notes[1]
    dropped = RELABEL.fitted(bench, RelabelSettings(images=str(ids[0])))
    assert len(dropped.training) == len(bench.training) - 1
    for settings, told in (
        (RelabelSettings(images="a", label="<b>"), "no class"),
        (RelabelSettings(images="0123456789abcdef"), "not known here"),
    ):
        with pytest.raises(InputError, match=told):
            RELABEL.fitted(bench, settings)


def test_retrained_heads_have_a_lower_loss_where_only_heads_were_wrong() -> None:
    run, heads = made_up(900)
    bench = bench_of(run)
    images = images_of(run, np.flatnonzero(run.samples["split"] == "test"))
    rows = np.arange(len(images))

    def loss(logits: np.ndarray) -> float:
        return -float(log_softmax(logits, axis=1)[rows, images.true].mean())

    for settings in (RetrainSettings(), RetrainSettings(method="logistic", heads="final")):
        change = RETRAIN_HEADS.fitted(bench, settings).change
        assert loss(change.applied(images.outputs).logits) < 0.8 * loss(images.outputs.logits)
        written = change.in_weights(heads)
        assert bool(written[0][0].any()) == (settings.heads == "all")


def test_one_class_cannot_be_learnt() -> None:
    bench = bench_of(made_up()[0])
    one = replace(bench.training, labels=np.full(len(bench.training), CLASSES[0], dtype=object))
    with pytest.raises(SkippedError, match="1 classes"):
        RETRAIN_HEADS.fitted(replace(bench, training=one), RetrainSettings())


def test_runs_are_averaged_by_sample_id(run: Run, tmp_path: Path) -> None:
    other = generated_run(tmp_path / "other", 300, heads=SMALL, seed=1)
    expected = (run.scores + other.scores) / 2
    order = np.random.default_rng(0).permutation(300)
    for name in ("logits", "pooled"):
        values = np.load(other.root / f"{name}.npy")
        np.save(other.root / f"{name}.npy", values[order])
    samples = other.samples.iloc[order].reset_index(drop=True)
    samples.to_parquet(other.root / "samples.parquet", index=False)
    told = {"remedy": "average_runs", "settings": {"runs": str(other.root), "of": "logits"}}
    fitted = fit_stack(run, Stack.of([told]))
    mean = fitted.applied(outputs_of(run, all_rows(run))).logits
    np.testing.assert_allclose(mean, expected, atol=1e-5)
    few = generated_run(tmp_path / "few", 100, heads=SMALL)
    told["settings"]["runs"] = str(few.root)
    with pytest.raises(InputError, match="is not in another run"):
        fit_stack(run, Stack.of([told]))


def test_networks_that_have_learnt_from_what_is_measured_are_told(run: Run, tmp_path: Path) -> None:
    """The other network's training took this run's test images."""
    other = generated_run(tmp_path / "other", 300, heads=SMALL)
    test = divided(run).test
    split = pd.Series("validation", index=other.samples.index)
    split.iloc[test[:7]] = "train"
    other = trained_here(other, split)
    told = {"remedy": "average_runs", "settings": {"runs": str(other.root)}}
    (told_of,) = fit_stack(run, Stack.of([told])).told
    assert len(told_of.notes) == 1 and "has learnt from 7 test images" in told_of.notes[0]
    clean = trained_here(other, split.replace("train", "validation"))
    assert clean.trained_on is not None
    assert fit_stack(run, Stack.of([told])).told[0].notes == ()


def test_a_fit_tells_how_far_it_is_and_can_be_stopped(run: Run) -> None:
    stack, seen = Stack.parsed('["logit_offset","retrain_heads","temperature"]'), []
    fit_stack(run, stack, lambda done, steps: seen.append((done, steps)))
    assert seen == sorted(seen) and {steps for _, steps in seen} == {3}
    assert sum(done == 1 for done, _ in seen) > 3, "within a step, too"

    def stop(done: int, _: int) -> None:
        if done == 1:
            raise Cancelled

    with pytest.raises(Cancelled):
        fit_stack(run, stack, stop)


def test_images_of_another_run_are_added_but_no_copies_of_what_is_measured(
    run: Run, tmp_path: Path
) -> None:
    more = generated_run(tmp_path / "more", 400, heads=SMALL, seed=3)
    more = rewrite(
        more,
        sample_id=["other " + name for name in more.samples["sample_id"]],
        patient_id=["other " + name for name in more.samples["patient_id"]],
    )
    told = {"remedy": "add_run", "settings": {"run": str(more.root)}}
    stack = Stack.of([told, "retrain_heads"])
    usable = int((more.samples["split"] != "test").sum())
    fitted = fit_stack(run, stack)
    assert fitted.told[0].notes == (f"{usable} images of run {more.id} added.",)
    assert fitted.learnt_from == len(divided(run).training) + usable
    measured = run.samples["patient_id"].iloc[divided(run).test[0]]
    patients = more.samples["patient_id"].to_numpy(dtype=object).copy()
    row = int(np.flatnonzero(more.samples["split"] != "test")[0])
    patients[row] = measured
    rewrite(more, patient_id=patients)
    fitted = fit_stack(run, stack)
    assert "1 image left out" in fitted.told[0].notes[0]
    with pytest.raises(InputError, match="before remedies that change"):
        fit_stack(run, Stack.of([MERGE, told]))


def test_a_stack_is_read_and_told() -> None:
    stack = Stack.parsed(EVERY)
    assert Stack.parsed(stack.text) == stack and Stack.parsed(stack.text).digest == stack.digest
    assert Stack.parsed("temperature, logit_offset") == Stack.of(["temperature", "logit_offset"])
    assert Stack.parsed("temperature").digest != Stack.parsed("logit_offset").digest
    assert Stack.parsed("").steps == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("nonsense", "no remedy 'nonsense'"),
        ("[", "not JSON"),
        ('[{"settings":{}}]', "no step of a stack"),
        ('[{"remedy":"temperature","x":1}]', "has 'x'"),
        ('[{"remedy":"temperature","settings":{"a":1}}]', "no setting 'a'"),
        ('[{"remedy":"temperature","settings":[]}]', "expected names and their values"),
        ("[[]]", "no step of a stack"),
        ("[" * 2000, "levels"),
        ("temperature," * 13, "at most 12"),
        ("x" * 30_000, "at most 20,000"),
        ('["\\ud800"]', "half a character"),
        ('[{"remedy":"retrain_heads","settings":{"penalty":1e999}}]', "penalty"),
    ],
)
def test_what_is_no_stack_is_refused_in_a_sentence(text: str, told: str) -> None:
    with pytest.raises(InputError, match=told) as found:
        Stack.parsed(text)
    assert len(str(found.value)) < 600


def test_nothing_follows_an_operating_point(run: Run) -> None:
    with pytest.raises(InputError, match="put the operating point last"):
        fit_stack(run, Stack.parsed("operating_point,temperature"))


def test_columns_that_are_not_there_are_named(run: Run) -> None:
    for column, told in (("colour", "no column 'colour'"), ("sample_id", "at most 200")):
        step = {"remedy": "image_weights", "settings": {"column": column}}
        with pytest.raises(InputError, match=told):
            fit_stack(run, Stack.of([step]))


def test_a_slice_is_dropped_by_its_name(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DERMXAI_HOME", str(run.root.parent / "home"))
    dataset = str(run.manifest["dataset"]["path"])
    training = divided(run).training[:3]
    ids = run.samples["sample_id"].iloc[training]
    keep_slice(dataset, Slice.of("dark, skin", ids), replace=True)
    told = [{"remedy": "relabel", "settings": {"images": "slice:dark, skin"}}]
    fitted = fit_stack(run, Stack.of(told))
    assert fitted.learnt_from == len(divided(run).training) - 3
    with pytest.raises(InputError, match="no slice 'light skin'"):
        fit_stack(
            run, Stack.of([{"remedy": "relabel", "settings": {"images": "slice:light skin"}}])
        )
