import json
from collections.abc import Callable
from pathlib import Path

import pytest

from dermxai.data import load_dataset
from dermxai.explain.quick import quick_methods
from dermxai.models import load_classifier
from dermxai.runs import Run, infer
from tests.cli.conftest import one_line

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def inferred(tiny_checkpoint: Path, images: Path) -> Run:
    columns = {"sample_id": "id", "path": "file", "label": "what"}
    labels = {"nv": "MN", "bcc": "BCC"}
    dataset = load_dataset(images, columns=columns, label_map=labels)
    return infer(load_classifier(tiny_checkpoint), dataset)


def test_maps_keeps_those_of_a_run_and_says_how_many(command: Command, inferred: Run) -> None:
    code, out, _ = command("maps", inferred.id, "--json")
    found = json.loads(out)
    assert code == 0 and (found["images"], found["left"], found["problems"]) == (2, 0, [])
    code, out, _ = command("maps", inferred.id)
    assert code == 0 and out.startswith("2 images, ") and out.endswith(" MB of maps\n")


def test_what_there_is_no_room_for_is_said(command: Command, inferred: Run) -> None:
    names = quick_methods(load_classifier(inferred.manifest["checkpoint"]["path"]))
    assert names
    code, _, err = command("maps", inferred.id, "--megabytes", 0)
    assert code == 2 and one_line(err)
    (Path(inferred.samples["path"][0])).unlink()
    code, out, err = command("maps", inferred.id)
    assert code == 0 and out.startswith("1 images") and inferred.samples["sample_id"][0] in err
