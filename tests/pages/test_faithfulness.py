from collections.abc import Callable
from types import SimpleNamespace as FakeJob
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dermxai import jobs, slices
from dermxai.data import Problem, selection
from dermxai.data.selection import Selection
from dermxai.explain.faithfulness.evaluation import evaluate_maps
from dermxai.explain.faithfulness.measures.randomisation import RANDOMISATION
from dermxai.explain.faithfulness.results import EvaluationRequest, open_results, write_results
from dermxai.models import load_classifier
from dermxai.runs import Run
from dermxai.slices import Slice

Open = Callable[..., AppTest]


@pytest.fixture
def judged(inferred: Run) -> Run:
    classifier = load_classifier(inferred.manifest["checkpoint"]["path"])
    measures = ("deletion_blur", "randomisation")
    asked = EvaluationRequest(images=4, methods=("grad_cam", "vote_map"), measures=measures)
    evaluate_maps(inferred, classifier, asked, lambda *_: None)
    return inferred


def words(app: AppTest) -> str:
    return " ".join([*(e.value for e in app.markdown), *(e.value for e in app.caption)])


def test_without_an_evaluation_it_says_what_one_is_and_offers_it(
    inferred: Run, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def submitted(kind: str, arguments: dict, **_: object) -> FakeJob:
        asked.append((kind, arguments))
        return FakeJob(id="job")

    app = open_page("faithfulness", run=inferred.id)
    assert not app.exception
    assert "control maps" in words(app)
    assert "forward passes an image" in words(app)
    monkeypatch.setattr(jobs, "submit", submitted)
    app.button(key="start-faithfulness").click().run()
    kind, arguments = asked[0]
    assert kind == "faithfulness"
    assert arguments["run"] == str(inferred.root)
    assert arguments["images"] == 6
    assert "deletion_blur" in arguments["measures"]
    assert "mass_lesion" not in arguments["measures"]  # there are no masks


def test_an_evaluation_is_of_a_slice_or_the_selection(
    inferred: Run, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(
        jobs, "submit", lambda _, given, **__: asked.append(given) or FakeJob(id="job")
    )
    ids = [str(each) for each in inferred.samples["sample_id"]]
    slices.keep(inferred.manifest["dataset"]["path"], Slice.of("three", ids[:3]))
    picked = selection.keep(Selection.of("two", ids[3:5]))
    app = open_page("faithfulness", run=inferred.id, sel=picked)
    field = next(each for each in app.selectbox if each.label == "Images of")
    assert field.options == ["all images", "the selection (2)", "three"]
    for chosen, expected in (("slice:three", ids[:3]), ("selection", ids[3:5]), ("", None)):
        field.set_value(chosen).run()
        app.button(key="start-faithfulness").click().run()
        assert not app.exception and not app.error
        key = asked[-1].get("selection")
        assert (key and list(selection.read(key).sample_ids)) == expected


def test_an_evaluation_is_shown_in_words_and_another_can_be_asked_for(
    judged: Run, open_page: Open
) -> None:
    app = open_page("faithfulness", run=judged.id)
    assert not app.exception
    assert not app.error
    assert "**Vote map**" in words(app)
    assert "No verdict on Deletion (blur), Randomisation: fewer than 8" in words(app).replace(
        "\\", ""
    )
    app.button(key="start-new-evaluation").click().run()
    assert not app.exception
    assert "A new evaluation" in words(app)


def test_what_an_older_version_computed_is_said_and_can_be_computed_again(
    judged: Run, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setitem(vars(RANDOMISATION), "version", RANDOMISATION.version + 1)
    monkeypatch.setattr(
        jobs, "submit", lambda *given, **_: asked.append(given) or FakeJob(id="job")
    )
    app = open_page("faithfulness", run=judged.id)
    assert not app.exception
    shown = words(app).replace("\\", "")
    assert "an older version computed it: Randomisation." in shown
    assert "No verdict on Deletion (blur): fewer" in shown
    app.button(key="start-faithfulness-again").click().run()
    assert not app.exception
    ((kind, arguments),) = asked
    assert kind == "faithfulness"
    assert arguments["methods"] == ["grad_cam", "vote_map"]
    assert (arguments["run"], arguments["images"]) == (str(judged.root), 4)


def test_a_study_that_was_made_again_is_shown_as_it_is_now(judged: Run, open_page: Open) -> None:
    open_page("faithfulness", run=judged.id)
    found = open_results(judged)
    lost = Problem("image 7", "memory ran out")
    write_results(judged, found.asked, found.skipped, [lost], found.table)
    shown = words(open_page("faithfulness", run=judged.id)).replace("\\", "")
    assert "image 7 is left out: memory ran out" in shown
