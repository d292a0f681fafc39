import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn import metrics as sk

from dermxai.core.errors import InputError
from dermxai.metrics.evaluation import evaluate
from dermxai.metrics.notes import Note, Reason
from dermxai.report.evaluated import Evaluated

CLASSES = ("EAD", "SD", "MN", "own <b>class</b>")


def judged(labels, seed=0, patients=None, **options):
    generator = np.random.default_rng(seed)
    scores = generator.normal(size=(len(labels), len(CLASSES)))
    for row, label in zip(scores, labels, strict=True):
        if label in CLASSES:
            row[CLASSES.index(label)] += 1
    ids = [f"image {i}" for i in range(len(labels))]
    return scores, evaluate(labels, CLASSES, scores, ids, patients, **options)


anything = st.lists(st.sampled_from([*CLASSES, "mel", "akiec", None, np.nan, ""]), max_size=30)


@settings(max_examples=60)
@given(anything, st.integers(0, 2**32 - 1))
def test_any_labels_are_judged_as_scikit_learn_judges_the_known_ones(labels, seed):
    scores, found = judged(labels, seed)
    known = np.array([label in CLASSES for label in labels], dtype=bool)
    true = np.array([str(label) for label in labels], dtype=object)[known]
    predicted = np.array(CLASSES, dtype=object)[scores.argmax(axis=1)][known]
    counts = found.counts
    assert counts.images == len(labels)
    assert counts.evaluated == known.sum()
    assert counts.evaluated + counts.outside + counts.unlabelled == counts.images
    assert found.confusion.sum() == counts.evaluated
    assert found.outside.to_numpy().sum() == counts.outside
    assert set(found.common) == set(true)
    if known.any():
        assert found.overall.set_index("measure")["value"]["top1_accuracy"] == (
            sk.accuracy_score(list(true), list(predicted))
        )
    shares = softmax(scores[known], axis=1) if known.any() else scores[known]
    for k, code in enumerate(CLASSES):
        row = found.table.set_index("class").loc[code]
        member = true == code
        if member.any() and not member.all():
            assert row["auc"] == pytest.approx(sk.roc_auc_score(member, shares[:, k]))
        else:
            assert np.isnan(row["auc"])
        assert np.isnan(row["sensitivity"]) == (not member.any())
    json.dumps(Evaluated.of(found).as_json(), allow_nan=False)


@settings(max_examples=30)
@given(anything, st.integers(0, 2**32 - 1))
def test_intervals_hold_their_estimates(labels, seed):
    _, found = judged(labels, seed)
    for measure in ("accuracy", "sensitivity", "specificity", "auc"):
        table = found.table[found.table[f"{measure}_low"].notna()]
        assert (table[f"{measure}_low"] <= table[measure] + 1e-12).all()
        assert (table[measure] <= table[f"{measure}_high"] + 1e-12).all()


def test_overall_values_are_plain_means_of_the_classes_that_have_images():
    _, found = judged(["EAD", "SD", "EAD", "MN", "SD", "mel", None] * 4)
    table = found.table.set_index("class").loc[["EAD", "SD", "MN"]]
    overall = found.overall.set_index("measure")["value"]
    for measure in ("accuracy", "sensitivity", "specificity", "auc"):
        assert overall[f"mean_{measure}"] == pytest.approx(table[measure].mean())
    assert overall["balanced_accuracy"] == overall["mean_sensitivity"]
    assert overall["top1_accuracy_merged"] >= overall["top1_accuracy"]


def test_labels_outside_are_shown_with_what_they_were_read_as():
    scores = [[2, 0, 0, 0], [2, 0, 0, 0], [0, 0, 2, 0], [0, 0, 2, 0]]
    found = evaluate(["mel", "mel", "akiec", "MN"], CLASSES, scores, list("abcd"))
    assert found.outside.loc["mel", "EAD"] == 2
    assert found.outside.loc["akiec", "MN"] == 1
    assert list(found.cross_table.index) == ["MN", "akiec", "mel"]
    assert list(found.cross_table.columns) == ["MN", "EAD"]
    assert found.cross_table.to_numpy().tolist() == [[1, 0], [1, 0], [0, 2]]
    assert found.on_images[0] == Note(Reason.OUTSIDE, ("akiec", "mel"), images=3)


def test_confusions_are_counted_largest_first():
    _, found = judged([*CLASSES, "mel", None] * 20)
    cells = found.confused()
    assert [count for _, _, count in cells] == sorted((c[2] for c in cells), reverse=True)
    assert all(found.cross_table.loc[true, read] == count for true, read, count in cells)
    wrong = found.cross_table.to_numpy().sum() - np.trace(found.confusion)
    assert sum(count for _, _, count in cells) == wrong


def test_a_selection_is_exactly_its_cell_worst_first():
    scores, found = judged([*CLASSES, "mel", None] * 20)
    shares = softmax(scores, axis=1)
    for true in (*CLASSES, "mel"):
        for predicted in CLASSES:
            chosen = found.select(true, predicted)
            count = found.cross_table.loc[true, predicted]
            assert len(chosen) == count
            rows = [int(name.split()[1]) for name in chosen]
            if true in CLASSES:
                own = shares[rows, CLASSES.index(true)]
                assert (np.diff(own) >= 0).all()
            else:
                assert (np.diff(shares[rows].max(axis=1)) <= 0).all()
    assert len(found.select(true="EAD")) == 20
    assert len(found.select(predicted="EAD")) == (found.predicted == "EAD").sum()


def test_patients_are_the_units_of_intervals_and_images_where_none_is_known():
    labels = ["EAD", "SD", "MN"] * 20
    patients = [f"p{i // 6}" for i in range(60)]
    _, by_patient = judged(labels, patients=patients)
    _, by_image = judged(labels)
    lesions = [f"l{i // 3}" for i in range(60)]
    _, by_lesion = judged(labels, lesion_ids=lesions)
    assert (by_patient.clusters, by_patient.counts.units) == ("patients", 10)
    assert (by_lesion.clusters, by_lesion.counts.units) == ("lesions", 20)
    assert (by_image.clusters, by_image.counts.units) == ("images", 60)
    assert not by_patient.on_images
    assert by_lesion.on_images == (Note(Reason.OWNERS_UNKNOWN, ("lesions",)),)
    assert by_image.on_images == (Note(Reason.OWNERS_UNKNOWN, ("images",)),)
    _, some = judged(labels, patients=[None, *patients[1:]], lesion_ids=[None, *lesions[1:]])
    assert (some.clusters, some.counts.units) == ("patients", 11)
    assert some.on_images == (Note(Reason.OWNERS_UNKNOWN, ("images",), images=1),)


def test_nothing_depends_on_the_order_of_images():
    labels = ["EAD", "SD", "MN", "mel"] * 10
    scores, found = judged(labels)
    order = np.random.default_rng(1).permutation(len(labels))
    ids = np.array([f"image {i}" for i in range(len(labels))])
    again = evaluate(np.array(labels)[order], CLASSES, scores[order], ids[order])
    assert again.table.equals(found.table)
    assert again.overall["value"].equals(found.overall["value"])


def test_inputs_are_left_as_they_are():
    labels = np.array(["EAD", None, np.nan], dtype=object)
    evaluate(labels, CLASSES, np.zeros((3, 4)), ["a", "b", "c"])
    assert labels[1] is None


@pytest.mark.parametrize(
    ("labels", "scores", "ids"),
    [
        (["EAD"], np.zeros((2, 4)), ["a", "b"]),
        (["EAD"], np.zeros((1, 3)), ["a"]),
        (["EAD"], [[np.nan, 0, 0, 0]], ["a"]),
        (["EAD"], [[np.inf, 0, 0, 0]], ["a"]),
    ],
)
def test_what_does_not_fit_is_refused(labels, scores, ids):
    with pytest.raises(InputError):
        evaluate(labels, CLASSES, scores, ids)


def test_notes_say_what_is_so():
    def notes(a, b):
        labels, ids = ["a"] * a + ["b"] * b, [f"image {i}" for i in range(a + b)]
        scores = np.eye(2)[[0] * a + [1] * b]
        return evaluate(labels, ("a", "b"), scores, ids, ids).on_measures

    assert notes(8, 8) == ()
    assert notes(7, 8) == (Note(Reason.RARE_IN_MEANS, ("a",)),)
    assert notes(4, 8) == (
        Note(Reason.RARE_IN_CLASS, ("a",)),
        Note(Reason.RARE_IN_MEANS, ("a",)),
    )
    assert notes(2, 2) == (Note(Reason.RARE),)
    assert notes(0, 8) == (Note(Reason.ABSENT, ("a",)), Note(Reason.ONLY, ("b",)))


def test_notes_on_images_stand_apart_from_those_on_measures():
    _, found = judged(["EAD", "SD"] * 3 + [None], patients=list("pqrstuv"))
    assert found.on_images == (Note(Reason.UNLABELLED, images=1),)
    assert all(
        note.names in (("MN", "own <b>class</b>"), ("SD",), ("EAD",), ("EAD", "SD"))
        for note in found.on_measures
    )
    _, nothing = judged([None, "mel"])
    assert nothing.on_images[-1] == Note(Reason.NOTHING_KNOWN)
    assert nothing.on_measures == ()


def test_a_class_may_be_called_macro_or_micro():
    classes = ("macro", "micro", "other")
    found = evaluate([*classes, "other"], classes, np.eye(4, 3), list("wxyz"))
    curves = Evaluated.of(found).as_json()
    assert list(curves["roc"]) == list(classes)
    assert curves["roc"]["other"]["auc"] == pytest.approx(found.roc["other"].auc)
    assert curves["macro"]["auc"] == pytest.approx(found.macro.auc)
    assert curves["micro"]["auc"] == pytest.approx(found.micro.auc)
