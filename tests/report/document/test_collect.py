"""What a document says, of what runs; its numbers are those of pages and command line."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dermxai.confusion.card import open_card
from dermxai.core import paths
from dermxai.core.errors import Cancelled, InputError
from dermxai.data import load_dataset
from dermxai.data.image_quality import MEASURES
from dermxai.data.places import AtlasFiles
from dermxai.metrics.decision import ARGMAX, Criterion, OperatingPoint
from dermxai.metrics.measure_estimates import Decisions
from dermxai.metrics.regrouping import Regrouping
from dermxai.remedies.looks import note_look
from dermxai.remedies.stack import Stack
from dermxai.report import calibration, causes
from dermxai.report.curves import bands_of, risk_coverage_of
from dermxai.report.document.collect import SECTIONS, collect
from dermxai.report.document.content import (
    Document,
    Drawing,
    Facts,
    Gallery,
    Items,
    Section,
    Table,
    Text,
)
from dermxai.report.document.guidelines import GUIDELINES, counts, topics
from dermxai.report.document.material import Material, Options, usual_split
from dermxai.report.document.sections.examples import examples
from dermxai.report.document.sections.measures import DECISIONS
from dermxai.report.document.sections.model import model
from dermxai.report.document.sections.net_benefit import net_benefit
from dermxai.report.document.sections.partitions import partitions
from dermxai.report.document.sections.quality import quality
from dermxai.report.document.sections.remedies import remedies
from dermxai.report.document.sections.reproducibility import reproducibility
from dermxai.report.document.sections.shift import shift
from dermxai.report.document.sections.subgroups import subgroups
from dermxai.report.document.words import estimate
from dermxai.report.errors import errors_of, found_slices, grown_tree
from dermxai.report.evaluated import evaluated
from dermxai.report.measures import measures_of, to_table
from dermxai.report.prediction_sets import sets_or_why_not
from dermxai.report.shift import shift as shift_of
from dermxai.report.subgroups import grouped
from dermxai.runs import Run, open_run
from dermxai.runs.files import RunFiles
from dermxai.runs.image_quality import measure_quality
from dermxai.runs.predictions import import_predictions
from tests.generated import generated_run, rewrite, trained_here
from tests.report.document.conftest import OPTIONS, confused

QUICK = Options(pairs=0, examples=0)


def table(document: Document, name: str) -> Table:
    return next(each for each in document.tables if each.name == name)


def section(document: Document, key: str) -> Section:
    return next(each for each in document.sections if each.key == key)


def words(of: Document | Section) -> str:
    return "\n".join(block.words for block in of.blocks if isinstance(block, Text))


def table_of(section: Section, name: str) -> Table:
    return next(each for each in section.blocks if isinstance(each, Table) and each.name == name)


def facts(section: Section) -> dict[str, str]:
    return {
        name: value
        for block in section.blocks
        if isinstance(block, Facts)
        for name, value in block.rows
    }


def answers(document: Document) -> set[str]:
    return {topic for each in document.sections for topic in each.answers}


def test_it_has_every_section_in_order(document: Document) -> None:
    keys = [each.key for each in document.sections]
    assert keys == [
        *(
            "data",
            "partitions",
            "quality",
            "model",
            "measures",
            "calibration",
            "uncertainty",
            "net-benefit",
            "confusion",
            "causes",
        ),
        *(
            "subgroups",
            "shift",
            "examples",
            "faithfulness",
            "remedies",
            "methods",
            "reproducibility",
            "guidelines",
        ),
    ]
    assert len(SECTIONS) == len(keys) - 1
    assert all(each.blocks for each in document.sections)
    names = [each.name for each in document.tables]
    assert len(set(names)) == len(names) > 15


def test_measures_are_those_of_the_page(kept: Run, document: Document) -> None:
    shown = evaluated(kept, "test")
    point = OperatingPoint(Criterion.YOUDEN)
    for rule, name in ((None, "argmax"), (point, "operating-point")):
        expected = to_table(measures_of(kept, shown, rule))
        for part in ("decisions", "agreement"):
            found = table(document, f"{name}-{part}").numbers
            rows = expected[expected["measure"].isin(found["measure"].unique())]
            columns = [*expected.columns]
            pd.testing.assert_frame_equal(
                found[columns].reset_index(drop=True), rows.reset_index(drop=True)
            )
            assert len(set(found["decision_rule"])) == 1
    overall = table(document, "overall").numbers
    np.testing.assert_array_equal(overall["value"], shown.overall["value"])
    row = shown.overall.set_index("measure").loc["top1_accuracy"]
    written = table(document, "overall").shown.set_index("Measure").iloc[0, 0]
    assert written == estimate("top1_accuracy", row["value"], row["low"], row["high"])
    assert re.fullmatch(r"\d+\.\d \(\d+\.\d to \d+\.\d\)", written)


def test_both_rules_are_named_and_not_mixed(document: Document) -> None:
    for name in ("argmax-decisions", "argmax-agreement"):
        assert table(document, name).note.startswith("Decision rule: argmax")
        assert "Threshold" not in table(document, name).shown
    for name in ("operating-point-decisions", "operating-point-agreement"):
        note = table(document, name).note
        assert note.startswith("Decision rule: operating point of each class (Youden index)")
        assert "validation images" in note
    thresholds = table(document, "operating-point-decisions").shown["Threshold"]
    assert (thresholds != "").sum() == 3


def test_calibration_and_causes_are_those_of_the_page(kept: Run, document: Document) -> None:
    found = calibration.as_table(calibration.calibration_of(kept, evaluated(kept, "test")))
    numbers = table(document, "calibration").numbers
    np.testing.assert_array_equal(numbers["brier"], found["brier"])
    assert len(numbers) == 2  # as predicted, and at the temperature
    title = table(document, "pair-1").title
    first, second = title.removeprefix("Pair 1: ").split(" and ")
    card = open_card(kept, first, second, "test")
    assert card is not None  # kept with the run, where the page finds it
    shown = table(document, "causes-1").shown
    pd.testing.assert_frame_equal(shown, causes.table(card))
    assert all(sentence in words(document) for sentence in causes.conclusion(card))


def test_subgroups_are_those_of_the_page(kept: Run, document: Document) -> None:
    for measure in ("top1_accuracy", "balanced_accuracy"):
        expected = grouped(kept, "test", measure=measure).found.table
        found = table(document, f"subgroups-{measure.replace('_', '-')}").numbers
        pd.testing.assert_frame_equal(found[expected.columns], expected)
    assert {"sex", "age", "site", "cluster"} <= set(found["column"])
    of_all = subgroups(Material.of(kept, replace(QUICK, split=None)))
    slices = found_slices(errors_of(kept))
    assert all(note in words(of_all) for note in slices.own_notes)
    pd.testing.assert_frame_equal(table_of(of_all, "worst-slices").shown, slices.shown())


def test_prediction_sets_and_abstention_are_those_of_the_page(
    kept: Run, document: Document
) -> None:
    shown = evaluated(kept, "test")
    found, _ = sets_or_why_not(kept, shown)
    assert found is not None
    numbers = table(document, "prediction-sets").numbers
    expected = [*found.measured.by_class["coverage"], *found.measured.overall["coverage"]]
    np.testing.assert_array_equal(numbers["coverage"], expected)
    risk = risk_coverage_of(shown)
    np.testing.assert_array_equal(table(document, "abstention").numbers["risk"], risk.table["risk"])
    kept_all = table(document, "abstention").shown.iloc[0]
    assert kept_all["Images kept"].endswith("(100 %)")
    wrong = (shown.true != shown.predicted).mean()
    assert kept_all["Errors among them"] == f"{100 * wrong:.1f} %"
    band = bands_of(shown, ["EAD"])["EAD"].precision_recall
    curve = table(document, "precision-recall-curves").numbers
    np.testing.assert_array_equal(
        curve.loc[curve["class"] == "EAD", "precision"], band.y[~np.isnan(band.y)]
    )


def test_counts_add_up(kept: Run, document: Document) -> None:
    people = table(document, "characteristics").shown.set_index(" ")
    parts = [int(people[name]["Images"]) for name in ("Train", "Validation", "Test")]
    assert sum(parts) == int(people["All"]["Images"]) == len(kept)
    assert parts[2] == (kept.split == "test").sum()
    patients = kept.samples["patient_id"].nunique()
    assert people["All"]["Patients"] == str(patients)
    matrix = table(document, "confusion-matrix").numbers
    assert matrix[["EAD", "SD", "Pso"]].to_numpy().sum() == parts[2]
    lacking = table(document, "missing").shown.set_index(" ")
    assert lacking["All"]["Age"] == "0 (0.0 %)" and lacking["All"]["Skin type"] == "240 (100.0 %)"


def test_the_same_run_gives_the_same_document(kept: Run, document: Document) -> None:
    again = collect(open_run(kept.root), OPTIONS)
    assert again.digest == document.digest and len(document.digest) == 64
    other = replace(document, sections=document.sections[:-2])
    assert other.digest != document.digest


def test_progress_is_told_and_can_cancel(kept: Run) -> None:
    told: list[tuple[str, int, int]] = []

    def stop(*each: object) -> None:
        told.append(each)  # type: ignore[arg-type]
        if len(told) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        collect(kept, QUICK, stop)
    assert told == [("sections", done, len(SECTIONS)) for done in range(3)]


def test_patients_images_are_left_out_unless_asked_for(kept: Run, document: Document) -> None:
    assert not any(isinstance(block, Gallery) for block in document.blocks)
    assert "they are patients'" in words(document)
    everything = document.as_json()
    assert not re.search(r"image \d{5}|patient \d{5}", str(everything))  # nor are they named
    asked = examples(Material.of(kept, replace(OPTIONS, images=True)))
    (gallery,) = (block for block in asked.blocks if isinstance(block, Gallery))
    assert 0 < len(gallery.examples) <= 4
    assert all(each.jpegs[0][:2] == b"\xff\xd8" for each in gallery.examples)
    assert max(len(each.jpegs[0]) for each in gallery.examples) < 100_000
    assert "No maps:" in words(asked)  # the made-up checkpoint has no weights
    assert asked.answers == {"examples"}


def test_drawn_images_are_shown(kept: Run) -> None:
    place = Path(kept.manifest["dataset"]["path"])
    material = Material.of(kept, Options())
    assert not material.with_images and not material.drawn
    about = AtlasFiles(place.parent).about
    about.write_text('{"generator": "dermxai atlas", "images": 4}')
    run = replace(kept, manifest={**kept.manifest, "dataset": {"path": str(place.parent)}})
    try:
        assert Material.of(run, Options()).with_images
        assert not Material.of(run, Options(images=False)).with_images
        about.write_text('{"generator": "another"}')
        assert not Material.of(run, Options()).with_images
    finally:
        about.unlink()


def test_remedies_are_told_with_the_looks_at_the_test(kept: Run) -> None:
    material = Material.of(kept, QUICK)
    before = remedies(material)
    assert "not looked at with any remedy" in words(before) and not before.answers
    stack = Stack.parsed("temperature,logit_offset")
    note_look(kept.root, stack, by="<b>A person</b>")
    try:
        found = remedies(material)
        assert "looked at with 1 stack of remedies" in words(found)
        listed = table_of(found, "remedies")
        assert listed.shown["Remedies"].iloc[0] == "temperature; logit offset"
        measured = table_of(found, "remedies-1").numbers
        assert {"before", "after", "difference", "low", "high"} <= set(measured)
        assert "A person" not in words(found) + listed.numbers.to_csv() + measured.to_csv()
        assert len((kept.root / "test-looks.json").read_text().split('"stack"')) == 2  # no new look
    finally:
        (kept.root / "test-looks.json").unlink()


def test_a_stack_that_cannot_be_measured_is_a_sentence(kept: Run) -> None:
    looks = kept.root / "test-looks.json"
    many = [f"image {index:05d}" for index in range(50)]
    steps = [{"remedy": "gone", "settings": {"images": many, "note": "x" * 90}}]
    content = [{"stack": "0" * 16, "remedies": steps, "at": "2026-01-01", "by": ""}]
    looks.write_text(pd.Series({"looks": content}).to_json())
    try:
        found = remedies(Material.of(kept, QUICK))
    finally:
        looks.unlink()
    assert "Stack 1 is not measured here: " in words(found)
    listed = table_of(found, "remedies").shown["Remedies"].iloc[0]
    assert listed == "gone [images (50 values), note (90 characters)]"


Change = Callable[[Run], Run]


def no_labels(run: Run) -> Run:
    return rewrite(run, label=pd.array([None] * len(run), dtype="str"))


def one_class(run: Run) -> Run:
    return rewrite(run, label="EAD")


def no_validation(run: Run) -> Run:
    return rewrite(run, split=run.samples["split"].replace("validation", "train"))


def no_splits(run: Run) -> Run:
    samples = run.samples.drop(columns=["split", "age", "sex", "site", "patient_id"])
    samples.to_parquet(RunFiles(run.root).samples, index=False)
    return open_run(run.root)


@pytest.mark.parametrize(
    ("change", "sentence", "lacking"),
    [
        (no_labels, "Nothing is measured: ", {"measures", "calibration", "failures"}),
        (one_class, "No curve: it needs images of two classes", {"curves"}),
        (no_validation, "No measures at operating points: ", {"operating points"}),
        (no_splits, "not divided into training, validation and test", {"partitions", "disjoint"}),
    ],
)
def test_what_is_missing_is_one_sentence_and_not_claimed(
    change: Change, sentence: str, lacking: set[str]
) -> None:
    run = change(confused(paths.runs() / "run", 90, patients=40))
    found = collect(run, OPTIONS)
    assert sentence in words(found)
    assert not lacking & answers(found)
    shown = "\n".join(each.shown.to_csv() for each in found.tables)
    assert not re.search(r"\bnan\b|\bNone\b|<NA>", shown + words(found))


def test_predictions_without_a_network(tmp_path: Path) -> None:
    run = generated_run(tmp_path / "made", 60, classes=("EAD", "SD"), heads={"final": 4})
    rows = pd.DataFrame(run.probabilities, columns=["EAD", "SD"])
    rows.insert(0, "sample_id", run.samples["sample_id"])
    rows.to_csv(tmp_path / "predictions.csv", index=False)
    imported = import_predictions(
        tmp_path / "predictions.csv", load_dataset(str(run.manifest["dataset"]["path"]))
    )
    found = collect(imported, replace(OPTIONS, images=True))
    assert "imported from a file, without a network" in words(found)
    assert not {"model", "training", "maps"} & answers(found)
    assert "measures" in answers(found)


def test_a_checkpoint_that_is_gone(tmp_path: Path) -> None:
    run = generated_run(tmp_path / "run", 40, classes=("EAD", "SD"), heads={"final": 4})
    found = model(Material.of(run, QUICK))
    assert "no longer where it made this run" in words(found) and not found.answers


def test_what_leaks_is_told(tmp_path: Path) -> None:
    run = generated_run(tmp_path / "run", 120, classes=("EAD", "SD"), heads={"final": 4})
    split = pd.Series(np.where(run.samples.index < 60, "train", "validation"))
    run = trained_here(rewrite(run, split=split), split)
    found = partitions(Material.of(run, replace(QUICK, split=None)))
    premium = table_of(found, "leakage-premium").shown.set_index("Measure")["Premium"]
    assert premium["Top-1 accuracy, %"].endswith(")") and " pp (" in premium["Top-1 accuracy, %"]
    assert " pp" not in premium["AUC, macro average, one-vs-rest"]
    assert int(table_of(found, "leakage").shown["Images"].iloc[0]) == 60
    assert "In more than one split: " in words(found) and "leakage" in found.answers


@pytest.mark.parametrize(
    ("splits", "expected"),
    [
        (["train", "validation", "test"], "test"),
        (["train", "validation"], "validation"),
        (["train", "other"], None),
        ([], None),
    ],
)
def test_the_usual_split_is_held_out(kept: Run, splits: list[str], expected: str | None) -> None:
    column = pd.Series([*splits, None] * 10, dtype="str") if splits else pd.Series(dtype="str")
    run = replace(kept, samples=pd.DataFrame({"split": column}))
    assert usual_split(run) == expected


def test_options_that_cannot_be_are_one_sentence(kept: Run) -> None:
    for wrong in ({"pairs": -1}, {"pairs": 21}, {"examples": 61}):
        with pytest.raises(InputError, match="came for a report; expected between 0 and"):
            Options(**wrong)
    with pytest.raises(InputError, match="no split 'x'"):
        collect(kept, Options(split="x"))


def test_settings_are_told_without_places_of_this_machine(tmp_path: Path) -> None:
    run = confused(tmp_path / "run", 40)
    file = Path(run.checkpoint["path"]) / "model.json"
    told = pd.read_json(file, typ="series").to_dict()
    nested = {"stage 1": {"seed": 5, "start_from": "/home/somebody/weights"}, "x": "y" * 9999}
    file.write_text(pd.Series({**told, "recipe": nested}).to_json())
    (file.parent / "README.md").write_text("# card\n" + "line\n" * 90_000)
    material = Material.of(open_run(run.root), QUICK)
    found = model(material)
    assert facts(found)["stage 1: start from"] == "weights" and len(facts(found)["x"]) == 300
    (card,) = (each for each in found.blocks if isinstance(each, Text) and each.kind == "verbatim")
    assert card.words.startswith("# card\nline") and len(card.words) < 6100
    assert facts(reproducibility(material))["Seeds of training"] == "stage 1 5"


def test_guidelines_have_all_their_items(document: Document) -> None:
    """As their publications number them."""
    found = {block.name: block for block in document.blocks if isinstance(block, Items)}
    sizes = {"TRIPOD+AI": 52, "STARD-AI": 48, "CLAIM, 2024 update": 44, "CLEAR Derm": 25}
    assert {name: len(items.rows) for name, items in found.items()} == sizes
    for name, main in (("TRIPOD+AI", 27), ("STARD-AI", 40), ("CLAIM, 2024 update", 44)):
        numbers = [row.number for row in found[name].rows]
        assert len(set(numbers)) == len(numbers)
        assert sorted({int(each.rstrip("abcdefg")) for each in numbers}) == [*range(1, main + 1)]
    for items in found.values():
        assert sum(counts(items)) == len(items.rows) and min(counts(items)) > 0


def test_items_are_answered_by_what_is_there_alone(document: Document) -> None:
    keys = {each.key: each.answers for each in document.sections}
    rows = {
        (block.name, row.number): row
        for block in document.blocks
        if isinstance(block, Items)
        for row in block.rows
    }
    for guideline in GUIDELINES:
        for asked in guideline.items:
            row = rows[guideline.name, asked.number]
            assert set(row.sections) == {
                key for key, told in keys.items() if set(asked.topics) & told
            }
    assert rows["TRIPOD+AI", "23a"].sections == ("measures", "subgroups")
    assert rows["TRIPOD+AI", "17"].sections == ()  # ethics is the author's
    assert rows["CLEAR Derm", "8"].sections == ()  # no skin type is known here
    assert (
        "faithfulness" in rows["CLAIM, 2024 update", "31"].left
        or not rows["CLAIM, 2024 update", "31"].sections
    )


def test_every_topic_that_a_section_answers_is_asked_for(document: Document) -> None:
    assert answers(document) - set(topics()) <= {"leakage", "abstention", "prediction sets"}


def test_net_benefit_is_that_of_counted_images(kept: Run, document: Document) -> None:
    found = table(document, "net-benefit").numbers
    shown = evaluated(kept, "test")
    made = Decisions.of(shown, ARGMAX)
    for k, code in enumerate(shown.classes):
        rows = found[found["class"] == code].set_index("threshold")
        member = made.member[:, k]
        for at in (0.05, 0.2, 0.5):
            called = made.scores[:, k] >= at
            expected = (called & member).mean() - (called & ~member).mean() * at / (1 - at)
            assert rows["net_benefit"].iloc[round(100 * at) - 1] == pytest.approx(expected)
        assert rows["prevalence"].unique() == pytest.approx(member.mean())
        assert (rows["low"] <= rows["net_benefit"]).all()


def test_net_benefit_of_one_class_is_told_to_be_none(tmp_path: Path) -> None:
    run = confused(tmp_path / "run", 60)
    run = rewrite(run, label="EAD")
    made = net_benefit(Material.of(run, QUICK))
    assert not any(isinstance(block, Table) for block in made.blocks)
    assert words(made) == "No net benefit: it needs images of two classes with labels."


def test_shift_is_that_of_the_page_and_answers_for_drift(kept: Run, document: Document) -> None:
    expected = shift_of(kept, "test")
    found = table(document, "shift").numbers
    columns = [*expected.found.table.columns]
    pd.testing.assert_frame_equal(found[columns], expected.found.table)
    assert set(found["compared_with"]) == {"train, validation"}
    assert "drift" in section(document, "shift").answers
    assert "No image has a label that the model does not know" in words(section(document, "shift"))


def test_foreign_classes_have_their_distances_in_the_report(tmp_path: Path) -> None:
    run = confused(tmp_path / "run", 300)
    label = run.samples["label"].where(np.arange(300) % 5 > 0, "mel")
    run = rewrite(run, label=label)
    made = shift(Material.of(run, QUICK))
    expected = shift_of(run, "test").detections
    found = table_of(made, "out-of-distribution").numbers.set_index("distance")
    assert found["auc"].to_dict() == {name: each.area for name, each in expected.items()}
    assert (found["foreign"] > 0).all()


def test_a_run_without_splits_says_that_nothing_is_compared(tmp_path: Path) -> None:
    run = rewrite(confused(tmp_path / "run", 60), split=pd.array([None] * 60, dtype="str"))
    made = shift(Material.of(run, QUICK))
    assert "no two splits to compare" in words(made) and not made.answers
    assert "No distance to the training images" in words(made)


def test_image_quality_is_told_split_by_split_where_it_was_measured(tmp_path: Path) -> None:
    run = generated_run(tmp_path / "run", 60)
    bare = quality(Material.of(run, QUICK))
    assert "was not measured" in words(bare) and not bare.answers
    measured = measure_quality(run)
    assert measured["sharpness"].notna().any()
    made = quality(Material.of(run, QUICK))
    numbers = table_of(made, "image-quality").numbers.set_index(["part", "measure"])
    test = run.in_split("test")
    for name in MEASURES:
        assert numbers.loc[("Test", name), "mean"] == pytest.approx(
            measured[name].iloc[test].mean(), nan_ok=True
        )
        assert numbers.loc[("Test", name), "sd"] == pytest.approx(
            measured[name].iloc[test].std(), nan_ok=True
        )
    assert (numbers["images"].groupby("part").max() <= len(run)).all()
    assert made.answers == {"quality"}


def test_an_error_tree_is_that_of_the_page(tmp_path: Path) -> None:
    at_random = np.arange(240) % 2 == 0  # as `confused` predicts these
    run = rewrite(confused(tmp_path / "run"), artefact=np.where(at_random, "ruler", "none"))
    made = subgroups(Material.of(run, replace(QUICK, split=None)))
    found = grown_tree(errors_of(run))
    assert len(found.tree.nodes) > 1, "errors have something in common"
    pd.testing.assert_frame_equal(table_of(made, "error-tree").shown, found.shown())
    numbers = table_of(made, "error-tree").numbers
    assert numbers["value"].tolist() == [node.value for node in found.tree.nodes]
    drawn = next(b for b in made.blocks if isinstance(b, Drawing) and b.name == "error-tree")
    assert b"artefact" in drawn.svg and all(note in words(made) for note in found.own_notes)


def test_every_section_under_a_merge_or_says_that_it_is_not(kept: Run) -> None:
    made = collect(kept, replace(OPTIONS, merge=("EAD+SD",)))
    one = Regrouping((("EAD", "SD"),))
    shown = evaluated(kept, "test", regrouping=one)
    pd.testing.assert_frame_equal(
        table(made, "argmax-decisions").numbers[["class", "measure", "value", "low", "high"]],
        (measures := to_table(measures_of(kept, shown, regrouping=one)))[
            measures["measure"].isin(DECISIONS)
        ][["class", "measure", "value", "low", "high"]],
    )
    for name in ("net-benefit", "roc-curves", "prediction-sets"):
        assert "EAD∪SD" in set(table(made, name).numbers["class"]), name
        assert "EAD" not in set(table(made, name).numbers["class"]), name
    assert "EAD∪SD" in table(made, "confusion-matrix").numbers["true"].tolist()
    expected = grouped(kept, "test", regrouping=one).found.table
    found = table(made, "subgroups-top1-accuracy").numbers
    pd.testing.assert_frame_equal(found[expected.columns], expected)
    assert ("Taken as one", "EAD∪SD, where a section does not say otherwise") in made.facts.rows
    assert "Classes taken as one: EAD∪SD" in words(section(made, "measures"))
    assert "Classes here are those of the network" in words(section(made, "causes"))
    assert "∪" not in table(made, "pair-1").title
    with pytest.raises(InputError, match="no class 'mel'"):
        collect(kept, replace(QUICK, merge=("EAD+mel",)))
