import json
from collections.abc import Callable

import numpy as np
import pandas as pd
from streamlit.testing.v1 import AppTest

from dermxai.data import selection
from dermxai.data.splits import split_by_patient
from dermxai.metrics.evaluation import evaluate
from dermxai.runs import Run
from dermxai.runs.files import RunFiles
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
