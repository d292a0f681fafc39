from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from dermxai.core.errors import InputError
from dermxai.explain.attribution.api import methods
from dermxai.explain.quick import keep_quick_maps
from dermxai.models import load_classifier
from dermxai.runs import Run
from dermxai.ui.components import maps
from tests.pages.test_image import photo, texts

Open = Callable[..., AppTest]


def compute(app: AppTest) -> AppTest:
    (button,) = [each for each in app.button if each.label.startswith("Compute")]
    return button.click().run()


def test_several_methods_on_one_image_the_fast_ones_at_once(inferred: Run, open_page: Open) -> None:
    app = open_page("compare_maps", run=inferred.id, target="EAD", against="SD")
    chosen = ["vote_map", "grad_cam", "integrated_gradients"]
    app.multiselect(key="compare-methods").set_value(chosen).run()
    assert not app.error and not app.exception
    assert all(f"**{methods()[name].title}**" in texts(app) for name in chosen)
    assert texts(app).count("for EAD") == 2
    assert "Not computed yet: 98 forward passes" in texts(app)
    compute(app)
    assert not app.error
    assert texts(app).count("for EAD") == 3
    assert "Completeness gap" in texts(app)


def test_what_was_made_ahead_is_shown_and_what_was_not_is_one_piece_of_work(
    inferred: Run, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    lane, worked = maps.quickly, list[object]()

    def counted(visitor: object, work: Callable[[], object]) -> object:
        worked.append(visitor)
        return lane(visitor, work)

    monkeypatch.setattr(maps, "quickly", counted)
    ids = list(inferred.samples["sample_id"])
    app = open_page("compare_maps", run=inferred.id, primary=ids[0])
    assert not app.exception and len(worked) == 1
    left = texts(app).count("Not computed yet")
    keep_quick_maps(inferred, load_classifier(inferred.manifest["checkpoint"]["path"]), 10**9)
    app = open_page("compare_maps", run=inferred.id, primary=ids[1])
    assert not app.exception and len(worked) == 1, "all were kept"
    assert texts(app).count("Not computed yet") == left


def test_a_map_that_cannot_be_made_spoils_no_other(
    inferred: Run, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = maps.compute

    def fails(run: Run, wanted: maps.Wanted, *more: object) -> object:
        if wanted.wish.method == "saliency":
            raise InputError("This one cannot be made.")
        return made(run, wanted, *more)

    monkeypatch.setattr(maps, "compute", fails)
    app = open_page("compare_maps", run=inferred.id)
    assert not app.exception and texts(app).count("This one cannot be made") == 1
    assert texts(app).count("Not computed yet") < len(app.multiselect[0].value) - 3


def test_every_method_is_there_or_says_why_not(inferred: Run, open_page: Open) -> None:
    app = open_page("compare_maps", run=inferred.id)
    classifier = load_classifier(inferred.manifest["checkpoint"]["path"])
    offered = app.multiselect(key="compare-methods").value
    for name, method in methods().items():
        reason = method.excuse(classifier)
        assert (name in offered) == (reason is None)
        if reason:
            assert reason in texts(app)


def test_fast_methods_come_before_those_to_be_asked_for(inferred: Run, open_page: Open) -> None:
    app = open_page("compare_maps", run=inferred.id)
    offered = app.multiselect(key="compare-methods").value
    assert offered[0] == "vote_map"
    assert offered.index("saliency") < offered.index("integrated_gradients")


def test_one_method_on_the_primary_and_the_pinned_image(inferred: Run, open_page: Open) -> None:
    ids = list(inferred.samples["sample_id"])
    app = open_page("compare_maps", run=inferred.id, primary=ids[0], method="grad_cam")
    app.get_by_key("compare").set_value("Two images").run()
    assert "Pin an image" in app.info[0].value
    app.button(key="pin").click().run()
    app.button(key="step-Next").click().run()
    assert not app.info and not app.error
    assert f"**{ids[0]}**" in texts(app) and f"**{ids[1]}**" in texts(app)
    assert texts(app).count("In logit per % of the image") == 2


def test_the_difference_of_two_maps(inferred: Run, open_page: Open) -> None:
    app = open_page("compare_maps", run=inferred.id)
    app.get_by_key("compare").set_value("Difference").run()
    assert not app.error
    assert "**Vote map less Grad-CAM**" in texts(app)
    app.selectbox(key="compare-Second-head").set_value("block 2").run()
    assert "**Vote map less Grad-CAM, block 2**" in texts(app)
    assert texts(app).count("In logit per % of the image") == 3


def test_the_same_scale_is_one_for_a_unit(inferred: Run, open_page: Open) -> None:
    app = open_page("compare_maps", run=inferred.id, target="EAD", against="SD")
    app.multiselect(key="compare-methods").set_value(["vote_map", "grad_cam"]).run()
    app.toggle(key="same-scale").set_value(True).run()
    (entry,) = [each for each in app.number_input if "scale" in str(each.key)]
    entry.set_value(0.125).run()
    assert texts(app).count("+0.12 for EAD") == 2


def test_nothing_of_an_upload_reaches_the_disk(inferred: Run, open_page: Open, tmp_path) -> None:
    app = open_page("compare_maps", run=inferred.id)
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    app.file_uploader(key="uploader").upload("mine.png", photo()).run()
    app.multiselect(key="compare-methods").set_value(["vote_map", "integrated_gradients"]).run()
    compute(app)
    assert "Completeness gap" in texts(app)
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == before
