import json
import time
from collections.abc import Callable

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from dermxai import figures
from dermxai.jobs import State, list_jobs
from dermxai.projection import project
from dermxai.runs import Run
from dermxai.ui.pages.feature_map import feature_map

Make, Open = Callable[..., Run], Callable[..., AppTest]


@pytest.fixture(autouse=True)
def _fast_map_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_map, "FIRST", "pca")


def test_a_stored_map_is_drawn_at_once(make_run: Make, open_page: Open) -> None:
    project(make_run(images=30), "pca")
    app = open_page("feature_map", run="run")
    assert not list_jobs()
    assert not app.error
    assert any("% of the variance" in caption.value for caption in app.caption)


def test_a_problem_of_a_dataset_is_no_image_that_is_not_drawn(
    make_run: Make, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(images=30)
    manifest = json.loads((run.root / "run.json").read_text())
    manifest["problems"] = [{"item": "t.csv, line 3", "reason": "has 4 cells, the header 3"}]
    (run.root / "run.json").write_text(json.dumps(manifest))
    project(run, "pca")
    drawn: list[str] = []
    real = figures.feature_map

    def noted(*args: object, **options: object) -> object:
        figure = real(*args, **options)  # type: ignore[arg-type]
        drawn.append(figure.layout.title.subtitle.text)
        return figure

    monkeypatch.setattr(figures, "feature_map", noted)
    assert not open_page("feature_map", run="run").exception
    (said,) = drawn
    assert "has no unit" in said or "have no unit" in said
    assert "images drawn" not in said


def test_a_map_is_computed_by_a_job_once(make_run: Make, open_page: Open) -> None:
    make_run(images=40)
    app = open_page("feature_map", run="run")
    (job,) = list_jobs()
    until = time.monotonic() + 120
    while job.state.live and time.monotonic() < until:
        time.sleep(0.2)
        app.run()
    assert job.state is State.SUCCEEDED, job.log
    app.run()
    assert any("% of the variance" in caption.value for caption in app.caption)
    app.run()
    assert len(list_jobs()) == 1


def test_a_chosen_image_stands_beside_the_map(inferred: Run, open_page: Open) -> None:
    project(inferred, "pca")
    first = inferred.samples["sample_id"][0]
    app = open_page("feature_map", run=inferred.id, primary=first)
    texts = " ".join(element.value for element in [*app.markdown, *app.caption])
    assert "Predicted as" in texts
    assert "the Grad-CAMs of all" in texts


def test_a_chosen_image_that_has_changed_says_so_beside_the_map(
    inferred: Run, open_page: Open
) -> None:
    project(inferred, "pca")
    Image.new("RGB", (70, 50), "tan").save(inferred.samples["path"][0])
    app = open_page("feature_map", run=inferred.id, primary=inferred.samples["sample_id"][0])
    (error,) = app.main.error
    assert "has changed since this run; run inference again" in error.value
    texts = " ".join(element.value for element in [*app.markdown, *app.caption])
    assert "Predicted as" not in texts
    assert "Take the lasso" in texts, "the rest of the page is there"


def test_every_column_can_colour_the_map(make_run: Make, open_page: Open) -> None:
    project(make_run(images=30), "pca")
    app = open_page("feature_map", run="run")
    choice = app.selectbox(key="colour")
    assert choice.options[:4] == ["True class", "Predicted class", "Right or wrong", "Confidence"]
    assert {"Age", "Sex", "Site", "Split", "Patient id"} <= set(choice.options)
    for option in choice.options:
        app.selectbox(key="colour").set_value(option).run()
        assert not app.exception
        assert not app.error


def test_without_labels_readings_colour_the_map(make_run: Make, open_page: Open) -> None:
    project(make_run(images=30, labelled=False), "pca")
    app = open_page("feature_map", run="run")
    assert app.selectbox(key="colour").options[:2] == ["Predicted class", "Confidence"]
    assert not app.exception
