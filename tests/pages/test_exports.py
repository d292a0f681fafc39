"""Whatever pages offer to take away says what the page says, where it comes from, and harms nobody
who opens it in a spreadsheet."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
import streamlit as st
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest

from dermxai.core import paths
from dermxai.core.formatting import interval_basis
from dermxai.data import load_dataset
from dermxai.data.transforms import Preprocessing
from dermxai.explain.faithfulness.evaluation import evaluate_maps
from dermxai.explain.faithfulness.results import EvaluationRequest
from dermxai.metrics.basis import basis
from dermxai.models import ModelInfo, load_classifier, save_checkpoint
from dermxai.models.multi_head import MultiHeadNetwork
from dermxai.runs import Run, infer
from tests.conftest import TINY
from tests.exported import TOLD, check_json, check_rows
from tests.pages.conftest import PAGES

Open = Callable[..., AppTest]
HOSTILE = ("=HYPERLINK(1)", "@SUM(A1)", "-1+cmd|' /C calc'!A0", "+x", "\tEAD", "＝1")
CLASSES = tuple(name.strip() for name in HOSTILE)
HARMLESS = {name if name == "EAD" else f"'{name}" for name in CLASSES}
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
PICTURES = {".png", ".svg", ".npz"}
ORIGIN = {"run", "checkpoint", "checkpoint_hash", "dataset", "dataset_fingerprint"}


@pytest.fixture
def run() -> Run:
    """A tiny network's of images whose classes, names and patients are formulas."""
    torch.manual_seed(0)
    network = MultiHeadNetwork(TINY, len(CLASSES), auxiliary=True)
    info = ModelInfo(TINY, network.head_descriptions, CLASSES, Preprocessing(size=64), name="=c")
    at = save_checkpoint(paths.checkpoints() / "=c", network, info, "# c")
    folder, rng, rows = paths.datasets() / "=d", np.random.default_rng(0), []
    folder.mkdir(parents=True)
    for index in range(12):
        pixels = rng.integers(0, 255, (50, 70, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{index}.png")
        rows.append({"sample_id": f"={index}+1", "path": f"{index}.png", "patient_id": f"@p{index}",
                     "label": CLASSES[index % len(CLASSES)], "age": -1.5})  # fmt: skip
    pd.DataFrame(rows).to_csv(folder / "samples.csv", index=False)
    return infer(load_classifier(at), load_dataset(folder))


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], Any]]:
    """What the page offers, by the name of the file, written when it is called."""
    found: dict[str, Callable[[], Any]] = {}

    def note(label: str, data: Any, file_name: str, *_: Any, **__: Any) -> bool:
        found[file_name] = data if callable(data) else lambda: data
        return False

    monkeypatch.setattr(st, "download_button", note)
    return found


def description(name: str, content: Any) -> dict[str, Any]:
    """What a picture or its numbers say of themselves."""
    if name.endswith(".npz"):
        return json.loads(str(np.load(io.BytesIO(content))["about"]))
    if name.endswith(".png"):
        return json.loads(Image.open(io.BytesIO(content)).text["Description"])
    (told,) = ElementTree.fromstring(content).iter("{http://purl.org/dc/elements/1.1/}description")
    return json.loads(told.text)


def check_table(content: str, run: Run) -> list[dict[str, str]]:
    header, *rows = csv.reader(io.StringIO(content))
    assert rows
    for cell in (*header, *(cell for row in rows for cell in row)):
        if cell.startswith(FORMULA):
            float(cell)  # a number may be negative
    table = [dict(zip(header, row, strict=True)) for row in rows]
    assert ORIGIN | {"split"} <= set(header)
    assert {row["run"] for row in table} == {run.id}
    assert {row["checkpoint_hash"] for row in table} == {run.manifest["checkpoint"]["hash"]}
    return table


def test_every_table_and_all_numbers_of_every_page(
    run: Run, offered: dict[str, Callable[[], Any]], open_page: Open
) -> None:
    asked = EvaluationRequest(images=3, methods=("grad_cam",), measures=("deletion_blur",))
    evaluate_maps(run, load_classifier(run.manifest["checkpoint"]["path"]), asked, lambda *_: None)
    for page, file in PAGES.items():
        if file.parent.name != "3_train":
            app = open_page(page, run=run.id, first=CLASSES[0], second=CLASSES[1])
            assert not app.exception, page
    assert {Path(name).suffix for name in offered} == {*(".csv", ".json", ".html"), *PICTURES}
    tables = [name for name in offered if name.endswith(".csv")]
    assert len(tables) == 5  # two of performance, one of subgroups, and two of a study on maps
    with_intervals = []
    for name in tables:
        table = check_table(offered[name](), run)
        if check_rows(table, "patients"):
            with_intervals.append(name.rpartition("-")[2])
        if name.startswith("performance"):
            assert {row["class"] for row in table} == HARMLESS
        if name.startswith("measures"):
            assert {row["class"] for row in table} == {*HARMLESS, ""}
            assert {row["decision_rule"] for row in table} == {"argmax"}
        if name.endswith("values.csv"):
            assert {row["label"] for row in table} <= HARMLESS
            assert all(float(row["probability"]) > 0 and row["predicted"] for row in table)
            assert {row["evaluation"] for row in table} == {asked.name}
    assert sorted(with_intervals) == ["all.csv", "all.csv", "summary.csv", "top1_accuracy.csv"]
    numbers = [name for name in offered if name.endswith(".json")]
    assert len(numbers) == 4  # performance, subgroups, the shift and the pair
    for name in numbers:
        told = json.loads(offered[name]())
        assert set(told["intervals"]) == TOLD
        # the shift has no interval where there is one split
        assert check_json(told, "patients") or name.startswith("shift")
        told = told.get("origin", told)
        assert set(told) >= ORIGIN
        assert told["checkpoint_hash"] == run.manifest["checkpoint"]["hash"]
    (report,) = [name for name in offered if name.endswith(".html")]
    page = offered[report]()
    assert run.id in page
    assert run.manifest["checkpoint"]["hash"] in page
    assert interval_basis(basis("patients")) in page
    for name, write in offered.items():
        if Path(name).suffix in PICTURES:
            assert not check_json(description(name, write()), "patients")


def test_compared_maps_are_taken_away_as_they_are_seen(
    run: Run, offered: dict[str, Callable[[], Any]], open_page: Open
) -> None:
    """A map that was not computed is no picture of the sheet, but named."""
    first = str(run.samples["sample_id"][0])
    app = open_page("compare_maps", run=run.id, primary=first, target=CLASSES[0])
    chosen = ["vote_map", "grad_cam", "integrated_gradients"]
    offered.clear()
    app.multiselect(key="compare-methods").set_value(chosen).run()
    assert not app.exception and not app.error
    assert "Not computed yet" in " ".join(each.value for each in app.caption)
    for name, write in offered.items():
        told = description(name, content := write())
        assert [each["method"] for each in told["maps"]] == ["vote_map", "grad_cam"]
        assert told["missing"] == {"Integrated Gradients": "not computed"}
        assert set(told) >= ORIGIN
        (image,) = told["images"]
        assert (image["sample_id"], image["label"]) == (first, run.samples["label"][0])
        assert image["predicted"] == run.predicted[0]
        assert image["probability"] == pytest.approx(run.probabilities[0].max(), abs=1e-5)
        assert told["overlay"]["strength"] == 0.5
        assert {"settings", "target", "unit", "full_colour"} <= set(told["maps"][0])
        if name.endswith(".svg"):
            words = " ".join(ElementTree.fromstring(content).itertext())
            assert "Left out (not computed): Integrated Gradients" in words
            assert words.count("Integrated Gradients") == 1 + json.dumps(told).count(
                "Integrated Gradients"
            )
            assert content.count(b"<image ") == 4  # two pictures, two colour bars
            assert f"run {run.id}" in words and f"predicted {run.predicted[0]}" in words
    assert {Path(name).suffix for name in offered} == {".png", ".svg", ".npz"}


def test_both_of_two_images_are_named(
    run: Run, offered: dict[str, Callable[[], Any]], open_page: Open
) -> None:
    ids = [str(name) for name in run.samples["sample_id"][:2]]
    app = open_page("compare_maps", run=run.id, primary=ids[0], pinned=ids[1], method="grad_cam")
    offered.clear()
    app.get_by_key("compare").set_value("Two images").run()
    assert not app.exception and not app.error
    (name,) = [name for name in offered if name.endswith(".npz")]
    told = description(name, offered[name]())
    assert [each["sample_id"] for each in told["images"]] == ids
    assert [each["image"] for each in told["maps"]] == ids
