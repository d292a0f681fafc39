import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from dermxai.data import selection
from dermxai.data.splits import split_by_patient
from dermxai.jobs.kinds import find_kind
from dermxai.metrics.decision import OperatingPoint
from dermxai.metrics.evaluation import evaluate
from dermxai.runs import Run
from dermxai.runs.files import RunFiles
from dermxai.ui.app import jobs_panel
from tests.generated import rewrite, trained_here

Make, Open = Callable[..., Run], Callable[..., AppTest]


def noisy(make_run: Make) -> Run:
    """A run with errors in it: logits without the favour of the true class for every third."""
    import numpy as np

    from dermxai.runs import open_run

    run = make_run(images=300)
    logits = np.load(RunFiles(run.root).logits)
    logits[::3] = np.random.default_rng(1).standard_normal(logits[::3].shape)
    np.save(RunFiles(run.root).logits, logits)
    return open_run(run.root)


def test_the_measures_are_those_of_evaluate(make_run: Make, open_page: Open) -> None:
    run = noisy(make_run)
    app = open_page("performance", run="run")
    app.get_by_key("split").set_value("all").run()
    samples = run.samples
    judged = evaluate(
        samples["label"], run.classes, run.scores, samples["sample_id"], samples["patient_id"]
    )
    overall = judged.overall.set_index("measure")["value"]
    shown = {metric.label: metric.value for metric in app.metric}
    assert shown["Top-1 accuracy"] == f"{100 * overall['top1_accuracy']:.1f} %"
    assert shown["Sensitivity"] == f"{100 * overall['mean_sensitivity']:.1f} %"


def shown(app: AppTest) -> pd.DataFrame:
    """The table of measures, a row a class and an average."""
    return next(each.value for each in app.dataframe if "Class" in each.value).set_index("Class")


def captions(app: AppTest) -> str:
    """As they are read, without what keeps Markdown from formatting them."""
    return "\n".join(each.value for each in app.caption).replace("\\", "")


def test_why_accuracy_lies_above_top1_is_said_where_both_stand(
    make_run: Make, open_page: Open
) -> None:
    run = noisy(make_run)
    app = open_page("performance", run="run")
    classes = run.samples.iloc[run.in_split("test")]["label"].nunique()
    assert f"right for at least {classes - 2} of {classes}, so it lies high" in captions(app)


def test_the_decision_rule_stands_in_the_address(make_run: Make, open_page: Open) -> None:
    """Chosen on validation patients, applied to those of the test split."""
    run = noisy(make_run)
    app = open_page("performance", run="run")
    assert "Decision rule: argmax" in captions(app)
    assert "Threshold" not in shown(app)
    asked = {"rule": "Operating point", "criterion": "Fixed sensitivity", "at-least": "80"}
    app = open_page("performance", run="run", **asked, prevalence="2")
    assert "(fixed sensitivity 80.0 %), chosen on" in captions(app)
    table = shown(app)
    assert {"Threshold", "PPV at prevalence", "NPV at prevalence"} <= set(table)
    validation, test = (run.samples["split"] == each for each in ("validation", "test"))
    for k, code in enumerate(run.classes):
        member = (run.samples["label"] == code).to_numpy()
        values = run.probabilities[:, k]
        of_class = np.sort(values[member & validation])[::-1]
        expected = of_class[int(np.ceil(0.8 * of_class.size)) - 1] if of_class.size else np.nan
        (row,) = [name for name in table.index if name.split(" · ")[0] == code]
        np.testing.assert_equal(table.loc[row, "Threshold"], expected)
        if not of_class.size or not (member & test).any():
            continue
        sensitivity = (values[member & test] >= expected).mean()
        assert table.loc[row, "Sensitivity"] == 100 * sensitivity
    app.get_by_key("rule").set_value("Argmax").run()
    assert "Threshold" not in shown(app)


def test_calibration_of_the_prediction_and_of_a_class(make_run: Make, open_page: Open) -> None:
    run = noisy(make_run)
    app = open_page("performance", run="run")
    assert "fitted on" in captions(app) and "15 bins of equal width" in captions(app)
    (table,) = [each.value for each in app.dataframe if "Measure" in each.value]
    plain = table.set_index("Measure")["As predicted"]
    test = run.in_split("test")
    true = pd.Index(run.classes).get_indexer(pd.Index(run.samples["label"].iloc[test]))
    expected = ((run.probabilities[test] - np.eye(len(run.classes))[true]) ** 2).sum(axis=1).mean()
    assert plain["Brier score, all classes"] == f"{expected:.3f}"
    app.get_by_key("event").set_value(run.classes[0]).run()
    (other,) = [each.value for each in app.dataframe if "Measure" in each.value]
    assert not app.exception and list(other["Measure"]) == list(table["Measure"])
    assert other.set_index("Measure").loc["ECE", "As predicted"] != plain["ECE"]


def test_merges_and_patients_stand_in_the_address(make_run: Make, open_page: Open) -> None:
    noisy(make_run)
    plain = shown(open_page("performance", run="run"))
    app = open_page("performance", run="run", per="Patient", combine="Majority of predictions")
    assert not app.exception
    assert "combined by majority of their predictions" in captions(app)
    table = shown(app)
    assert "Images" not in table
    assert (table["Patients"].dropna() <= plain["Images"].dropna()).all()
    app = open_page("performance", run="run", merged="Kinds of disease", event="EAD")
    assert not app.exception and "Classes taken as one" in captions(app)
    assert any("∪" in name for name in shown(app).index)
    assert len(shown(app)) < len(plain)
    app = open_page("performance", run="run", per="Eye", merged="perhaps", combine="x")
    assert not app.exception
    assert list(shown(app).index) == list(plain.index)


def test_without_validation_images_argmax_is_shown_and_why(make_run: Make, open_page: Open) -> None:
    rewrite(make_run(images=90), split="test")
    app = open_page("performance", run="run", rule="Operating point")
    assert not app.exception
    (told,) = [each.value for each in app.warning]
    assert "has no validation images" in told.replace("\\", "") and told.endswith("Shown: argmax.")
    assert "Threshold" not in shown(app)


def test_addresses_that_ask_for_nonsense(make_run: Make, open_page: Open) -> None:
    make_run(images=90)
    app = open_page(
        "performance",
        run="run",
        rule="Operating point",
        criterion="<b>evil</b>",
        prevalence="nan",
        measures="none",
    )
    assert not app.exception
    assert "Youden index" in captions(app)
    assert {"Sensitivity", "AUC"} <= set(shown(app)) and "PPV at prevalence" not in shown(app)
    app = open_page(
        "performance", run="run", rule="Operating point", criterion="Cost ratio", cost="1e400"
    )
    assert not app.exception
    assert "cost ratio 5.00 : 1" in captions(app)


def test_files_that_cannot_be_used_are_told(make_run: Make, open_page: Open) -> None:
    run = make_run()
    manifest = RunFiles(run.root).manifest
    content = json.loads(manifest.read_text())
    content["problems"] = [{"item": "lost", "reason": "the file is missing"}]
    manifest.write_text(json.dumps(content))
    app = open_page("performance", run="run")
    told = "1 problem with files and rows, see Dataset: what cannot be used is not measured."
    assert sum(told in caption.value.replace("\\", "") for caption in app.caption) == 1


def test_the_test_split_is_what_is_shown_first(make_run: Make, open_page: Open) -> None:
    run = make_run(images=300)
    app = open_page("performance", run="run")
    number = (run.samples["split"] == "test").sum()
    assert f"{number} of {number} images evaluated" in app.caption[0].value


def test_held_out_images_of_a_training_that_divided_itself_are_shown_first(
    make_run: Make, open_page: Open
) -> None:
    run = rewrite(make_run(images=300), split=None)
    split = split_by_patient(run.samples, {"train": 0.8, "validation": 0.2})
    trained_here(run, split)
    app = open_page("performance", run="run")
    number = (split == "validation").sum()
    assert f"{number} of {number} images evaluated" in app.caption[0].value
    app.get_by_key("split").set_value("all").run()
    told = f"was trained on {300 - number} of these 300 images"
    assert sum(told in caption.value for caption in app.caption) == 1


def test_the_most_confused_pair_selects_its_images_worst_first(
    make_run: Make, open_page: Open
) -> None:
    run = noisy(make_run)
    app = open_page("performance", run="run")
    app.get_by_key("split").set_value("all").run()
    pair = next(button for button in app.button if "→" in button.label)
    true, predicted = pair.label.partition(" · ")[0].split(" → ")
    pair.click().run()
    chosen = selection.read(app.query_params["sel"])
    position = run.index(chosen.sample_ids)
    assert set(run.samples["label"].iloc[position]) == {true}
    assert set(run.predicted[position]) == {predicted}
    own = run.probabilities[position, run.classes.index(true)]
    assert (own[:-1] <= own[1:]).all()
    assert chosen.title == f"{true} predicted as {predicted}"
    assert [button.label for button in app.button if "**" in button.label] == [f"**{pair.label}**"]


def test_images_are_selected_whatever_else_stands_in_the_address(
    make_run: Make, open_page: Open
) -> None:
    noisy(make_run)
    app = open_page("performance", run="run", rule="Operating point", prevalence="2")
    app.get_by_key("split").set_value("all").run()
    next(button for button in app.button if "→" in button.label).click().run()
    assert not app.exception and not app.error and app.query_params["sel"]
    assert app.query_params["rule"] == "Operating point"


def test_without_labels_it_says_why_and_no_more(make_run: Make, open_page: Open) -> None:
    make_run(images=30, labelled=False)
    app = open_page("performance", run="run")
    assert any("No image here has a label" in caption.value for caption in app.caption)
    assert not app.metric and not app.dataframe


def test_downloads_are_offered(make_run: Make, open_page: Open) -> None:
    make_run()
    app = open_page("performance", run="run")
    assert [button.label for button in app.get("download_button")] == [
        "Table (CSV)",
        "All measures (CSV)",
        "All numbers (JSON)",
    ]


def test_images_that_leak_are_counted_shown_and_can_be_left_out(
    make_run: Make, open_page: Open
) -> None:
    run = rewrite(make_run(images=120), patient_id=None)
    test = np.flatnonzero(run.samples["split"] == "test")
    split = pd.Series("validation", index=run.samples.index)
    split[test[:5]] = "train"
    trained_here(run, split)
    app = open_page("performance", run="run")
    (told,) = (each for each in app.caption if "were seen in training" in each.value)
    assert told.value.startswith("5 images of this split") and "5 the same file" in told.value
    (premium,) = (each.value for each in app.dataframe if "Premium" in each.value)
    assert premium["Measure"][0] == "Top-1 accuracy" and premium["Premium"][0].endswith("pp")
    facts = f"{len(test)} of {len(test)} images evaluated"
    assert any(facts in each.value for each in app.caption)
    app.toggle(key="leaks").set_value(True).run()
    left = len(test) - 5
    assert any(f"{left} of {left} images evaluated" in each.value for each in app.caption)
    assert not app.exception and not app.error


def test_the_report_is_made_as_a_job_and_taken_away(
    make_run: Make, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the operating point that is shown; with images only where that is asked for."""
    run = make_run(images=40)
    started: list[tuple[str, dict[str, object]]] = []
    monkeypatch.setattr(jobs_panel, "start", lambda kind, **given: started.append((kind, given)))
    app = open_page("performance", run="run")
    assert app.get_by_key("images-report").value is False
    app.get_by_key("start-report").click().run()
    asked = {"run": str(run.root), "split": "test", "rule": "youden", "images": False}
    assert started == [("report", asked)]
    find_kind("report").run(
        lambda *_, **__: None, **asked, pairs=0
    )  # another report than the page's
    assert not [each for each in app.get("download_button") if "Report" in each.label]
    find_kind("report").run(lambda *_, **__: None, **asked)
    app.run()
    labels = [each.label for each in app.get("download_button")]
    assert {"Report (HTML)", "Figures and tables (ZIP)"} <= set(labels)
    assert app.get_by_key("start-report").label == "Make the report anew"
    app.get_by_key("images-report").set_value(True).run()
    assert "Report (HTML)" not in [each.label for each in app.get("download_button")]


def at(app: AppTest) -> pd.DataFrame:
    """The measures of a class at the threshold that is set."""
    (table,) = [each.value for each in app.dataframe if each.value.columns[0].startswith("At ")]
    return table.set_index(table.columns[0])["Value"]


def test_a_threshold_of_one_class_moves_its_measures_and_stands_in_the_address(
    make_run: Make, open_page: Open
) -> None:
    run = noisy(make_run)
    rewrite(run, split="test")
    code = run.classes[2]
    app = open_page("performance", run="run", **{"one-class": code, "threshold": "73.106 %"})
    assert not app.exception and not app.error
    member = (run.samples["label"] == code).to_numpy()
    of = run.probabilities[:, 2]
    for threshold in (1 / (1 + np.exp(-1)), 0.5):
        table, called = at(app), of >= threshold
        assert table["Sensitivity"] == f"{called[member].mean():.3f}"
        assert table["Specificity"] == f"{(~called)[~member].mean():.3f}"
        assert f"{(called & ~member).sum()} false alarm" in captions(app)
        app.get_by_key("threshold").set_value("50 %").run()
    assert at(app).name == "Value" and not app.exception


def test_the_threshold_is_first_that_of_validation_patients(
    make_run: Make, open_page: Open
) -> None:
    run = noisy(make_run)
    app = open_page("performance", run="run", **{"one-class": run.classes[0]})
    member = (run.samples["label"] == run.classes[0]).to_numpy()
    rows = run.in_split("validation")
    best = OperatingPoint().threshold(member[rows], run.probabilities[rows, 0]).value
    (slider,) = [each for each in app.get("select_slider") if each.key == "threshold"]
    value = float(slider.value.removesuffix(" %")) / 100
    assert abs(np.log(value / (1 - value)) - np.log(best / (1 - best))) < 0.1


def test_net_benefit_sets_and_abstention_are_parts_of_their_own(
    make_run: Make, open_page: Open
) -> None:
    run = noisy(make_run)
    app = open_page("performance", run="run", curve="Abstention")
    (table,) = [each.value for each in app.dataframe if "Kept" in each.value]
    test = run.in_split("test")
    wrong = (run.predicted[test] != run.samples["label"].iloc[test]).mean()
    assert table["Errors"][0] == f"{100 * wrong:.1f} %" and not app.exception
    app = open_page("performance", run="run", curve="Net benefit", prevalence="3")
    assert "Probabilities that are badly calibrated" in captions(app) and not app.exception
    asked = {"set-coverage": "80", "by-class": "true"}
    app = open_page("performance", run="run", curve="Prediction sets", **asked)
    assert "of 80 % of images, for each class; fitted on" in captions(app)
    (sizes,) = [each.value for each in app.dataframe if "Classes in a set" in each.value]
    assert sizes["Images"].sum() == test.size
    (told,) = [each.value for each in app.markdown if "Measured:" in each.value]
    assert "Exactly {EAD, SD}" in told.replace("\\", "")


def test_without_validation_images_there_are_neither_sets_nor_two_rules(
    make_run: Make, open_page: Open
) -> None:
    rewrite(make_run(images=90), split="test")
    asked = {"curve": "Prediction sets", "both-rules": "true"}
    app = open_page("performance", run="run", **asked)
    assert "No prediction sets" in captions(app) and not app.exception and not app.error
    assert any("no validation" in each.value for each in app.warning)


def test_both_rules_side_by_side(make_run: Make, open_page: Open) -> None:
    run = noisy(make_run)
    app = open_page("performance", run="run", **{"both-rules": "true"})
    (table,) = [each.value for each in app.dataframe if "FN argmax" in each.value]
    last = table.iloc[-1]
    test = run.in_split("test")
    wrong = (run.predicted[test] != run.samples["label"].iloc[test]).sum()
    assert last["FN argmax"] == last["FP argmax"] == wrong
    assert last["FN point"] != last["FP point"]
    assert f"Argmax: {wrong} images missed" in captions(app)
    assert any("916 missed images" in each.value for each in app.markdown)


@pytest.mark.parametrize("part", ["Operating point", "Net benefit", "Prediction sets", "None"])
def test_curves_of_nonsense_merges_and_a_single_class(
    make_run: Make, open_page: Open, part: str
) -> None:
    rewrite(noisy(make_run), label="EAD" if part == "Net benefit" else "BCC")
    nonsense = {"one-class": "<b>x</b>", "threshold": "7", "set-coverage": "nan", "exactly": "XY"}
    app = open_page("performance", run="run", curve=part, merged="Kinds of disease", **nonsense)
    assert not app.exception and not app.error
