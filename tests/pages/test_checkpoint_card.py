"""What is told and guessed of weights of other programs, and how it is said otherwise."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest

from dermxai import jobs
from dermxai.core import paths
from dermxai.data import load_dataset
from dermxai.models import load_classifier
from dermxai.runs import Run, infer

Open = Callable[..., AppTest]


@pytest.fixture
def run(workspace: Path) -> Run:
    """Of a file with two sets of weights and the names of its classes."""
    torch.manual_seed(0)
    states = [timm.create_model("resnet18", num_classes=3).state_dict() for _ in range(2)]
    file = paths.checkpoints() / "theirs.pth"
    file.parent.mkdir(parents=True, exist_ok=True)
    content = {"state_dict": states[0], "state_dict_ema": states[1]}
    torch.save(content | {"class_to_idx": {"nv": 0, "bcc": 1, "x": 2}, "size": 64}, file)
    for index in range(4):
        place = paths.datasets() / "four" / ("MN" if index % 2 else "BCC") / f"{index}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(index).integers(0, 255, (50, 70, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(place)
    return infer(load_classifier(file), load_dataset(paths.datasets() / "four"))


def field(app: AppTest, kind: str, label: str):
    return next(each for each in getattr(app.sidebar, kind) if each.label == label)


def test_the_card_says_how_each_came_to_be_known(run: Run, open_page: Open) -> None:
    app = open_page("dataset", run=run.id)
    said = "\n".join(each.value for each in app.sidebar.caption).replace("\\", "")
    assert "**Architecture**: resnet18 (by its tensors" in said
    assert "**Classes**: MN, BCC, x (class_to_idx in the file)" in said
    assert "64 px (side: size in the file" in said
    assert "state_dict_ema, an average over the training; not state_dict" in said


def test_what_was_guessed_is_said_otherwise(run: Run, open_page: Open) -> None:
    app = open_page("dataset", run=run.id)
    field(app, "text_area", "Classes").set_value("MN\nBCC\nSK")
    field(app, "selectbox", "Labels of an image").set_value("sigmoid")
    field(app, "text_input", "Weights").set_value("state_dict")
    assert field(app, "text_input", "Mean").value == "0.485, 0.456, 0.406"
    field(app, "text_input", "Mean").set_value("0.5 0.4 0.3")
    field(app, "button", "Infer so").click()
    app.run()
    (job,) = [each for each in jobs.list_jobs() if each.kind == "infer"]
    assert job.arguments["checkpoint"] == run.manifest["checkpoint"]["path"]
    assert job.arguments["checkpoint_options"] == {
        "architecture": "resnet18",
        "classes": ["MN", "BCC", "SK"],
        "size": 64,
        "activation": "sigmoid",
        "weights": "state_dict",
        "mean": [0.5, 0.4, 0.3],
        "std": pytest.approx([0.229, 0.224, 0.225]),
    }
    other = load_classifier(job.arguments["checkpoint"], **job.arguments["checkpoint_options"])
    assert other.hash != run.manifest["checkpoint"]["hash"]
    jobs.cancel(job)


def test_a_run_opens_its_classifier_again_by_what_it_keeps(run: Run) -> None:
    made = run.manifest["checkpoint"]
    assert load_classifier(made["path"], **made["options"]).hash == made["hash"]


def test_weights_of_others_are_offered_before_any_run(run: Run, open_page: Open) -> None:
    file = run.manifest["checkpoint"]["path"]
    other = paths.checkpoints() / "another.pth"
    other.write_bytes(Path(file).read_bytes())
    app = open_page("dataset", run=run.id)
    assert any("another" in name for name in field(app, "selectbox", "Checkpoint").options)
    app = open_page("dataset", checkpoint=str(other), dataset=str(paths.datasets() / "four"))
    assert any("Or name them" in each.value for each in app.sidebar.caption)


def test_a_checkpoint_of_ours_has_no_such_card(inferred: Run, open_page: Open) -> None:
    app = open_page("dataset", run=inferred.id)
    assert not [each for each in app.sidebar.button if each.label == "Infer so"]
