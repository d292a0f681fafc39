import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from dermxai import taxonomy
from dermxai.data import selection
from dermxai.data.selection import Selection
from dermxai.runs import Run
from dermxai.runs.files import RunFiles
from dermxai.signs import SIGNS
from dermxai.ui.session.caches import everything

Open = Callable[..., AppTest]


def texts(app: AppTest) -> str:
    shown = " ".join([*(e.value for e in app.markdown), *(e.value for e in app.caption)])
    return shown.replace("\\", "")


def photo(side: int = 40) -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (side, side), (200, 120, 110)).save(buffer, "PNG")
    return buffer.getvalue()


def test_diagnosis_votes_and_map(inferred: Run, open_page: Open) -> None:
    first = inferred.samples["sample_id"][0]
    app = open_page("image", run=inferred.id, primary=first)
    assert not app.error
    assert app.title[0].value.replace("\\", "") == first
    assert "Vote map: the Grad-CAMs of all six heads, added up" in texts(app)
    assert "logit per % of the image" in texts(app)
    app.selectbox(key="method").set_value("grad_cam").run()
    assert "Grad-CAM explains the final head, one vote of six" in texts(app)


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


def test_an_image_that_the_model_was_trained_on_is_told(
    inferred: Run, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Run, "trained_on", property(lambda run: np.arange(len(run)) == 1))
    ids, told = list(inferred.samples["sample_id"]), "the model was trained on it"
    assert told not in texts(open_page("image", run=inferred.id, primary=ids[0]))
    assert told in texts(open_page("image", run=inferred.id, primary=ids[1]))


def test_pin_shows_both_images(inferred: Run, open_page: Open) -> None:
    ids = list(inferred.samples["sample_id"])
    app = open_page("image", run=inferred.id, primary=ids[0])
    app.button(key="pin").click().run()
    assert app.query_params["pinned"] == ids[0]
    app.button(key="step-Next").click().run()
    assert texts(app).count("In logit per % of the image") == 2


def test_a_slow_method_on_two_images(inferred: Run, open_page: Open) -> None:
    ids = list(inferred.samples["sample_id"])
    app = open_page("image", run=inferred.id, primary=ids[0], pinned=ids[1])
    app.selectbox(key="method").set_value("integrated_gradients").run()
    assert not app.exception
    assert not app.error
    assert sum(button.label.startswith("Compute") for button in app.button) == 2


def test_integrated_gradients_on_request(inferred: Run, open_page: Open) -> None:
    app = open_page("image", run=inferred.id)
    app.selectbox(key="method").set_value("integrated_gradients").run()
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
    assert "In logit per % of the image" in texts(app)
    written = {path for path in tmp_path.rglob("*") if path.is_file()} - before
    assert {path.parent.name for path in written} <= {"costs"}  # seconds of a pass, no pixels
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
    assert [said in error.value for error in app.error] == [True]


def test_a_checkpoint_that_has_changed(inferred: Run, open_page: Open, tiny_checkpoint) -> None:
    import json

    manifest = RunFiles(inferred.root).manifest
    content = json.loads(manifest.read_text())
    content["checkpoint"]["hash"] = "another"
    manifest.write_text(json.dumps(content))
    app = open_page("image", run=inferred.id)
    assert "has changed since this run" in app.error[0].value


def replaced(run: Run, sample_id: str) -> None:
    """Another image in the file of one that the run has seen."""
    path = run.samples.set_index("sample_id")["path"][sample_id]
    Image.new("RGB", (70, 50), "tan").save(path)


def test_an_image_that_has_changed_is_not_shown_under_the_reading_of_another(
    inferred: Run, open_page: Open
) -> None:
    first, second = inferred.samples["sample_id"][:2]
    replaced(inferred, first)
    app = open_page("image", run=inferred.id, primary=first)
    (error,) = app.main.error
    assert "has changed since this run; run inference again" in error.value
    shown = " ".join(each.value for each in (*app.main.markdown, *app.main.caption))
    assert "Predicted as" not in shown and "logit" not in shown
    app.button(key="step-Next").click().run()
    assert not app.error and "Predicted as" in texts(app)
    app = open_page("image", run=inferred.id, primary=second, pinned=first)
    assert len(app.main.error) == 1
    assert texts(app).count("Predicted as") == texts(app).count("In logit per % of the image") == 1


def test_an_image_whose_file_is_gone_keeps_its_reading(inferred: Run, open_page: Open) -> None:
    first = inferred.samples["sample_id"][0]
    Path(inferred.samples["path"][0]).unlink()
    app = open_page("image", run=inferred.id, primary=first)
    assert "missing" in app.main.error[0].value or "no file" in app.main.error[0].value.lower()
    assert "Predicted as" in texts(app)


def test_a_gallery_shows_no_image_under_the_reading_of_another(
    inferred: Run, open_page: Open
) -> None:
    replaced(inferred, inferred.samples["sample_id"][0])
    app = open_page("dataset", run=inferred.id)
    assert [each.value for each in app.main.caption if "changed" in each.value] == [
        ":material/hide_image: changed since the run"
    ]


@pytest.mark.parametrize(
    "page", ["compare_maps", "counterfactuals", "robustness", "nearest_neighbours"]
)
def test_what_asks_more_of_an_image_says_that_it_has_changed(
    page: str, inferred: Run, open_page: Open
) -> None:
    first = inferred.samples["sample_id"][0]
    replaced(inferred, first)
    app = open_page(page, run=inferred.id, primary=first)
    (error,) = app.main.error
    assert "has changed since this run; run inference again" in error.value


def test_the_question_is_in_the_address_and_survives_a_change_of_page(
    inferred: Run, open_page: Open
) -> None:
    from tests.pages.conftest import PAGES

    app = open_page("image", run=inferred.id)
    app.slider(key="strength").set_value(75).run()
    app.selectbox(key="target").set_value("SD").run()
    app.selectbox(key="against").set_value("EAD").run()
    app.selectbox(key="head").set_value("block 2").run()
    app.selectbox(key="method").set_value("grad_cam").run()
    asked = {"target": "SD", "against": "EAD", "head": "block 2", "method": "grad_cam"}
    assert {name: app.query_params[name] for name in asked} == asked
    app.switch_page(str(PAGES["performance"])).run()
    app.switch_page(str(PAGES["image"])).run()
    assert app.slider(key="strength").value == 75
    assert {name: app.selectbox(key=name).value for name in asked} == asked
    assert "for SD" in texts(app) and "for EAD" in texts(app)
    assert "Grad-CAM explains block 2, one vote of six" in texts(app)


def test_a_link_with_a_question_of_another_model(inferred: Run, open_page: Open) -> None:
    asked = {"target": "nobody", "against": "none", "head": "block 99", "method": "tea leaves"}
    app = open_page("image", run=inferred.id, **asked)
    assert not app.error and not app.exception
    assert app.selectbox(key="target").value == ""
    assert "Vote map" in texts(app)


def test_usually_asks_why_not_the_label_and_else_why_not_the_runner_up(
    inferred: Run, open_page: Open
) -> None:
    wrong = inferred.samples["label"].to_numpy() != inferred.predicted
    for position, ids in enumerate(inferred.samples["sample_id"]):
        app = open_page("image", run=inferred.id, primary=ids)
        order = np.argsort(-inferred.scores[position])
        rival = inferred.samples["label"][position] if wrong[position] else None
        rival = rival or inferred.classes[order[1]]
        title = f"Why {inferred.predicted[position]} rather than {rival}"
        assert any(title in each.value for each in app.markdown), title


def test_the_classes_are_exchanged(inferred: Run, open_page: Open) -> None:
    app = open_page("image", run=inferred.id, target="EAD", against="MN")
    app.button(key="swap").click().run()
    assert (app.query_params["target"], app.query_params["against"]) == ("MN", "EAD")
    assert "Why MN rather than EAD" in texts(app)


def test_a_class_alone(inferred: Run, open_page: Open) -> None:
    app = open_page("image", run=inferred.id, target="EAD", against="-")
    assert not app.error
    assert "against EAD" in texts(app)
    assert app.button(key="swap").disabled


def test_a_head_is_chosen_by_its_picture(inferred: Run, open_page: Open) -> None:
    app = open_page("image", run=inferred.id)
    (tile,) = [b for b in app.button if "head-2-" in str(b.key)]
    tile.click().run()
    assert app.query_params["head"] == "block 2"
    assert "Vote map explains block 2, one vote of six" in texts(app)


def test_the_residual_and_who_decides_are_said(inferred: Run, open_page: Open) -> None:
    app = open_page("image", run=inferred.id)
    assert "Maps and biases add up to the forward pass but for" in texts(app)
    decides = ("No head decides alone", "without **")
    assert any(words in texts(app) for words in decides)


def test_a_map_that_was_kept_is_shown_at_once_to_another_visitor(
    inferred: Run, open_page: Open
) -> None:
    link = {"run": inferred.id, "method": "integrated_gradients", "target": "EAD", "against": "SD"}
    app = open_page("image", **link)
    next(button for button in app.button if button.label == "Compute").click().run()
    everything.clear()
    other = open_page("image", **link)
    assert "Completeness gap" in texts(other)
    assert not [button for button in other.button if button.label == "Compute"]


def test_the_cost_is_said_before(inferred: Run, open_page: Open) -> None:
    app = open_page("image", run=inferred.id, method="integrated_gradients")
    app.run()  # a pass has run now: what more of them take is known
    assert re.search(
        r"98 forward passes, (about )?\d+( s to \d+| to \d+)? (s|min) here", texts(app)
    )


def test_the_same_scale_holds_for_other_images_and_classes(inferred: Run, open_page: Open) -> None:
    app = open_page("image", run=inferred.id)
    app.toggle(key="same-scale").set_value(True).run()
    (entry,) = [each for each in app.number_input if "scale" in str(each.key)]
    entry.set_value(0.5).run()
    assert "+0.5 for" in texts(app)
    app.button(key="step-Next").click().run()
    app.selectbox(key="target").set_value("MN").run()
    assert "+0.5 for MN" in texts(app)
    app.toggle(key="same-scale").set_value(False).run()
    assert "+0.5 for MN" not in texts(app)


def test_a_map_is_checked_at_a_stated_price(inferred: Run, open_page: Open) -> None:
    app = open_page("image", run=inferred.id)
    button = next(each for each in app.button if each.label == "Check the faithfulness of this map")
    button.click().run()
    assert not app.exception
    assert not app.error
    assert "Deletion, random maps" in texts(app)
    assert not any(each.label == "Check the faithfulness of this map" for each in app.button)


def test_signs_of_the_predicted_class_and_of_the_label_are_folded_beneath(
    inferred: Run, open_page: Open
) -> None:
    wrong = int(np.flatnonzero(inferred.predicted != inferred.samples["label"])[0])
    sample = inferred.samples.iloc[wrong]
    app = open_page("image", run=inferred.id, primary=sample["sample_id"])
    assert not app.error
    folded = {each.label: each for each in app.expander if "signs of" in each.label}
    codes = (inferred.predicted[wrong], sample["label"])
    assert list(folded) == [f"Dermoscopic signs of {taxonomy.name(code)}" for code in codes]
    for code, expander in zip(codes, folded.values(), strict=True):
        shown = [each.value for each in expander.markdown]
        assert all(s.name in text for s, text in zip(SIGNS[code], shown, strict=True))
        assert all("et al" in text or " and " in text for text in shown)
