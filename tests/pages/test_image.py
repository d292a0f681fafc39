from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from dermxai.runs import Run
from dermxai.ui import selection
from dermxai.ui.selection import Selection

Open = Callable[..., AppTest]


def texts(app: AppTest) -> str:
    return " ".join([*(e.value for e in app.markdown), *(e.value for e in app.caption)])


def photo(side: int = 40) -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (side, side), (200, 120, 110)).save(buffer, "PNG")
    return buffer.getvalue()


def test_diagnosis_votes_and_map(inferred: Run, open_page: Open) -> None:
    first = inferred.samples["sample_id"][0]
    app = open_page("image", run=inferred.id, primary=first)
    assert not app.error
    assert app.title[0].value.replace("\\", "") == first
    assert "Grad-CAM explains the final head, one vote of" in texts(app)
    assert "Full colour at" in texts(app)


def test_previous_and_next_step_through_the_selection(inferred: Run, open_page: Open) -> None:
    ids = list(inferred.samples["sample_id"])
    key = selection.keep(Selection.of("Every other", ids[::2]))
    app = open_page("image", run=inferred.id, primary=ids[0], sel=key)
    assert app.button(key="step-Previous").disabled
    app.button(key="step-Next").click().run()
    assert app.query_params["primary"] == ids[2]
    app.button(key="step-Next").click().run()
    assert app.query_params["primary"] == ids[4]
    assert app.button(key="step-Next").disabled
    assert "3 of 3 selected" in texts(app)


def test_pin_shows_both_images(inferred: Run, open_page: Open) -> None:
    ids = list(inferred.samples["sample_id"])
    app = open_page("image", run=inferred.id, primary=ids[0])
    app.button(key="pin").click().run()
    assert app.query_params["pinned"] == ids[0]
    app.button(key="step-Next").click().run()
    assert texts(app).count("Full colour at") == 2


def test_a_slow_method_on_two_images(inferred: Run, open_page: Open) -> None:
    ids = list(inferred.samples["sample_id"])
    app = open_page("image", run=inferred.id, primary=ids[0], pinned=ids[1])
    app.get_by_key("method").set_value("integrated_gradients").run()
    assert not app.exception
    assert not app.error
    assert sum(button.label.startswith("Compute") for button in app.button) == 2


def test_integrated_gradients_on_request(inferred: Run, open_page: Open) -> None:
    app = open_page("image", run=inferred.id)
    app.get_by_key("method").set_value("integrated_gradients").run()
    assert "Completeness gap" not in texts(app)
    app.number_input(key="setting-integrated_gradients-steps").set_value(8).run()
    next(button for button in app.button if button.label.startswith("Compute")).click().run()
    assert not app.error
    assert "Completeness gap" in texts(app)
    app.run()
    assert "Completeness gap" in texts(app), "what was computed is kept"


def test_an_image_of_the_visitor(inferred: Run, open_page: Open, tmp_path) -> None:
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    app = open_page("image", run=inferred.id)
    app.file_uploader(key="uploader").upload("mine.png", photo()).run()
    assert not app.error
    assert app.title[0].value == "mine.png"
    assert "stays in this session only" in texts(app)
    assert "Full colour at" in texts(app)
    written = {path for path in tmp_path.rglob("*") if path.is_file()} - before
    assert not written
    app.button(key="upload-close").click().run()
    assert app.title[0].value != "mine.png"


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "empty"), (b"no image at all", "not an image"), (photo()[:60], "mine.png")],
)
def test_a_bad_upload_is_a_sentence(
    content: bytes, said: str, inferred: Run, open_page: Open
) -> None:
    app = open_page("image", run=inferred.id)
    app.file_uploader(key="uploader").upload("mine.png", content).run()
    assert not app.exception
    assert said in app.error[0].value


def test_a_checkpoint_that_has_changed(inferred: Run, open_page: Open, tiny_checkpoint) -> None:
    import json

    from dermxai import paths

    manifest = paths.RunFiles(inferred.root).manifest
    content = json.loads(manifest.read_text())
    content["checkpoint"]["hash"] = "another"
    manifest.write_text(json.dumps(content))
    app = open_page("image", run=inferred.id)
    assert "has changed since this run" in app.error[0].value


def test_the_wish_survives_a_change_of_page(inferred: Run, open_page: Open) -> None:
    from tests.pages.conftest import PAGES

    app = open_page("image", run=inferred.id)
    app.slider(key="strength").set_value(75).run()
    app.selectbox(key="target").set_value("SD").run()
    app.switch_page(str(PAGES["performance"])).run()
    app.switch_page(str(PAGES["image"])).run()
    assert app.slider(key="strength").value == 75
    assert app.selectbox(key="target").value == "SD"
    assert np.isclose(app.slider(key="strength").value, 75)
