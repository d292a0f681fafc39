"""The Model comparison page: what it shows is `compare`'s, and the address says all of it."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from dermxai.core import paths
from dermxai.data import selection
from dermxai.runs import open_run
from dermxai.runs.files import RunFiles
from dermxai.ui.session.caches import everything
from tests.cli.test_compare import changed, two
from tests.generated import generated_run, rewrite

Open = Callable[..., AppTest]
SECOND = "=other & co"


def captions(app: AppTest) -> str:
    return "\n".join(each.value for each in app.caption).replace("\\", "")


def table(app: AppTest, *columns: str) -> pd.DataFrame:
    return next(each.value for each in app.dataframe if set(columns) <= set(each.value))


def test_two_runs_side_by_side_and_the_images_in_which_they_differ(open_page: Open) -> None:
    one, other = two()
    other = changed(other, dataset__path=one.manifest["dataset"]["path"])
    app = open_page("model_comparison", run="one")
    assert not app.exception
    assert app.get_by_key("models-beside").value == ["other"], "the newest other over the same data"
    app.get_by_key("split").set_value("all").run()
    truth = one.samples["label"].to_numpy()
    right = [run.predicted == truth for run in (one, other)]
    shown = table(app, "Model", "Top-1 accuracy").set_index("Model")["Top-1 accuracy"]
    for name, of in zip(("generated", SECOND), right, strict=True):
        assert shown[name].startswith(f"{100 * of.mean():.1f}")
    apart = table(app, "p, Holm").set_index("Measure")
    assert apart.loc["Top-1 accuracy", "First less second"] == (
        f"{100 * (right[0].mean() - right[1].mean()):+.1f} pp"
    )
    button = next(each for each in app.button if each.label.startswith("generated right"))
    expected = (right[0] & ~right[1]).sum()
    assert button.label.endswith(f"wrong · {expected} images")
    button.click().run()
    chosen = selection.read(app.query_params["sel"])
    assert set(chosen.sample_ids) == set(one.samples["sample_id"][right[0] & ~right[1]])
    assert app.query_params["run"] == "one"
    assert [each.label for each in app.get("download_button")] == [
        "Measures (CSV)",
        "Differences (CSV)",
        "Tables (LaTeX)",
        "All numbers (JSON)",
    ]


def test_everything_stands_in_the_address(open_page: Open) -> None:
    two()
    generated_run(paths.runs() / "third", 150)
    changed(open_run(paths.runs() / "third"), id="c" * 16, checkpoint__name="third")
    app = open_page(
        "model_comparison",
        run="one",
        models="third,other,nowhere",
        **{
            "of-class": "EAD · Eczema and dermatitis",
            "mean-model": "true",
            "compared": "Specificity",
            "first-model": "third",
            "rule": "Operating point",
            "criterion": "Fixed sensitivity",
            "at-least": "70",
        },
    )
    assert not app.exception
    assert app.get_by_key("models-beside").value == ["third", "other"]
    assert "1 of the runs in this link are not in this workspace" in captions(app)
    assert "(fixed sensitivity 70.0 %)" in captions(app)
    shown = table(app, "Model")
    assert list(shown["Model"]) == ["generated", "third", SECOND, "Mean of all"]
    assert "Top-1 accuracy" not in shown
    assert len(table(app, "p, Holm")) == 6 * 4
    app.get_by_key("models-beside").set_value(["other"]).run()
    assert app.query_params["models"] == "other"
    app.get_by_key("models-beside").set_value([]).run()
    assert not app.exception and "Choose another run" in app.info[0].value
    assert app.get_by_key("models-beside").value == [], "an empty choice stays one"


@pytest.mark.parametrize(
    "address",
    [
        {"models": "../../etc/passwd"},
        {"models": "<b>x</b>,,one,one"},
        {"models": "other", "of-class": "=1", "compared": "x", "first-model": "<i>", "per": "Eye"},
        {"models": "other", "rule": "Operating point", "at-least": "nan"},
        {"models": ",".join(["other"] * 400)},
    ],
)
def test_addresses_that_ask_for_nonsense(open_page: Open, address: dict[str, str]) -> None:
    two(60)
    app = open_page("model_comparison", run="one", **address)
    assert not app.exception and app.title[0].value == "Model comparison"


def test_runs_over_other_images_are_refused_in_a_sentence(open_page: Open) -> None:
    one, other = two(60)
    changed(other, dataset__fingerprint="far", dataset__name="far & away")
    app = open_page("model_comparison", run="one", models="other")
    (told,) = [each.value.replace("\\", "") for each in app.error]
    assert "is over the dataset far & away" in told and "lesion by lesion" in told
    lesions = {"lesion_id": [f"L{row // 2}" for row in range(60)], "label": "EAD"}
    people = {"patient_id": [f"P{row // 2}" for row in range(60)], "split": None}
    for run in (one, other):
        rewrite(open_run(run.root), **lesions, **people)
    everything.clear()
    app = open_page("model_comparison", run="one", models="other", per="Lesion")
    assert not app.exception and not [e for e in app.error if "dataset" in e.value]
    assert "30 images of 30 patients" in captions(app)
    assert "Images are selected where single images are compared" in captions(app)


def test_the_same_image_has_a_map_under_each_model(inferred, open_page: Open) -> None:
    import shutil

    copy = paths.runs() / "copy"
    shutil.copytree(inferred.root, copy)
    changed(open_run(copy), id="d" * 16)
    logits = np.load(RunFiles(copy).logits)
    np.save(RunFiles(copy).logits, -logits)
    app = open_page("model_comparison", run=inferred.root.name, models="copy")
    assert not app.exception and not app.error
    assert captions(app).count("Predicted as") == 2
    assert captions(app).count(": why ") == 2
