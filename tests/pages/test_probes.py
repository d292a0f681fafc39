"""The pages Counterfactuals, Robustness and Nearest neighbours."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dermxai.runs import Run
from tests.pages.conftest import PAGES
from tests.pages.test_image import photo, texts

Open = Callable[..., AppTest]


def press(app: AppTest, label: str) -> None:
    next(button for button in app.button if button.label.startswith(label)).click().run()


def quick(app: AppTest) -> None:
    """A search of a moment."""
    for name, value in (("pieces", 8), ("most", 20), ("draws", 5)):
        app.number_input(key=f"setting-flip-{name}").set_value(value)
    app.run()


@pytest.fixture
def flip(inferred: Run, open_page: Open) -> AppTest:
    app = open_page("counterfactuals", run=inferred.id)
    quick(app)
    return app


def test_what_would_flip_it_on_request_and_kept(flip: AppTest) -> None:
    assert "forward passes" in texts(flip)
    press(flip, "Search a counterfactual")
    assert not flip.error and not flip.exception
    assert "Random sets of about the same area" in texts(flip)
    assert "of the image" in texts(flip)
    flip.switch_page(str(PAGES["dataset"])).run()
    flip.switch_page(str(PAGES["counterfactuals"])).run()
    assert "Random sets of about the same area" in texts(flip), "what was found is kept"


def test_patches_come_from_another_image_and_lead_to_it(
    inferred: Run, open_page: Open, flip: AppTest
) -> None:
    """The tiny network is untrained: whichever class it reads is that of no label."""
    flip.get_by_key("fill").set_value("paste").run()
    if not flip.error:
        press(flip, "Search a counterfactual")
        assert any(button.label.startswith("Patches from") for button in flip.button)
    else:
        assert "has no image of" in flip.error[0].value
        assert "Inpaint instead" in flip.error[0].value


def test_robustness_on_request_with_its_images(inferred: Run, open_page: Open) -> None:
    app = open_page("robustness", run=inferred.id)
    assert "forward passes" in texts(app)
    press(app, "Test its robustness")
    assert not app.error and not app.exception
    assert [metric.label for metric in app.metric][:2] == ["Flip rate", "Margin"]
    app.toggle(key="shown-changed").set_value(True).run()
    assert not app.error
    captions = " ".join(caption.value for caption in app.caption)
    for name, number in (("Gel bubbles", 3), ("turned", 6), ("JPEG quality", 4)):
        assert captions.count(f"{name} ") == number


def test_neighbours_are_of_others_and_become_primary_or_pinned(
    inferred: Run, open_page: Open
) -> None:
    ids = list(inferred.samples["sample_id"])
    app = open_page(
        "nearest_neighbours", run=inferred.id, primary=ids[0], target="EAD", against="SD"
    )
    assert not app.error and not app.exception
    said = texts(app)
    assert "Nearest images of EAD" in said and "Nearest images of SD" in said
    assert said.count("Distance") == 5, "all but the image itself"
    there = [button.key for button in app.button if (button.key or "").startswith("step-to-")]
    assert f"step-to-{ids[0]}" not in there
    wanted = there[0].removeprefix("step-to-")
    app.button(key=f"pin-{wanted}").click().run()
    assert app.query_params["pinned"] == wanted
    app.button(key=there[0]).click().run()
    assert app.query_params["primary"] == wanted


@pytest.mark.parametrize("page", ["counterfactuals", "robustness", "nearest_neighbours"])
def test_an_image_of_the_visitor_stays_in_memory(
    page: str, inferred: Run, open_page: Open, tmp_path: Path
) -> None:
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    app = open_page(page, run=inferred.id, target="EAD", against="SD")
    app.file_uploader(key="uploader").upload("mine.png", photo()).run()
    if page == "counterfactuals":
        quick(app)
        press(app, "Search a counterfactual")
        assert "Random sets" in texts(app)
    elif page == "robustness":
        press(app, "Test its robustness")
        assert app.metric
    else:
        assert texts(app).count("Distance") == 6
    assert not app.error and not app.exception
    written = {path for path in tmp_path.rglob("*") if path.is_file()} - before
    assert {path.parent.name for path in written} <= {"costs"}  # seconds of a pass, no pixels
