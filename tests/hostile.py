"""A workspace in which every text from outside attacks whoever shows it."""

import json
import os
import shutil
import time
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from dermxai.core import paths
from dermxai.data import load_dataset
from dermxai.data import selection as selections
from dermxai.data.selection import Selection
from dermxai.jobs.files import JobFiles
from dermxai.jobs.records import identity, write
from dermxai.models import load_classifier
from dermxai.models.files import CheckpointFiles
from dermxai.projection import project
from dermxai.projection.projector import coordinates_file
from dermxai.runs import Run, infer
from dermxai.slices import Annotation, Slice, annotate, keep
from dermxai.training.files import TrainingFiles
from tests.figures.test_training import history

MARK = "![](//ev.il"
"""What each text begins with: an image elsewhere, to Markdown."""
IMAGES = 24


def text(tag: str) -> str:
    """One that Markdown, HTML, plotly or Streamlit would act upon, if it were not escaped."""
    return (
        f"![](//ev.il/{tag}) <img src=//ev.il/{tag} onerror=hacked=1> http://ev.il/{tag} www.ev.il "
        f"[{tag}](javascript:hacked=1) <a href=http://ev.il>a</a> :red[r] a@ev.il $x$"
    )


def name(tag: str) -> str:
    """The same as a file can be called."""
    return f"![](http:ev.il) <img src=x onerror=hacked=1> www.ev.il {tag}"


def short(tag: int) -> str:
    """The same where long names lose their middle."""
    return f"![](//ev.il) {tag}" if tag % 2 else f"![](//e.il){tag}"


def hostile_workspace(tiny_checkpoint: Path) -> Run:
    """Fills the workspace: checkpoint, dataset, run, map of its features, selection, jobs."""
    dataset = load_dataset(_dataset())
    run = infer(load_classifier(_checkpoint(tiny_checkpoint)), dataset)
    project(run, "pca")
    shutil.copy(coordinates_file(run, "pca"), coordinates_file(run, "umap"))
    _slices(run)
    _training_that_failed()
    _job_at_work()
    return run


def _slices(run: Run) -> None:
    dataset = run.manifest["dataset"]["path"]
    first = run.samples["sample_id"][:3]
    keep(dataset, Slice.of(name("slice"), first, made_by=text("maker"), origin=text("origin")))
    for person in ("one", "other"):
        label, note = text(f"label {person}"), text(f"note {person}")
        annotate(dataset, Annotation(first[0], text(person), text(person), note, label))


def selection_of(run: Run) -> str:
    """The key of a selection of some of its images."""
    return selections.keep(Selection.of(text("selection"), run.samples["sample_id"][:6]))


def _checkpoint(tiny: Path) -> Path:
    folder = paths.checkpoints() / name("checkpoint")
    shutil.copytree(tiny, folder)
    at = CheckpointFiles(folder).model
    told = json.loads(at.read_text())
    told["name"] = text("name")
    told["classes"] = [short(i) if i < 6 else text(f"class{i}") for i in range(14)]
    for index, head in enumerate(told["heads"]):
        head["name"] = short(20 + index)
    told["data"] = {"name": text("data"), "notes": [text("note")]}
    at.write_text(json.dumps(told))
    return folder


def _dataset() -> Path:
    folder = paths.datasets() / name("dataset")
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    rows = []
    for index in range(IMAGES):
        file = name(f"{index}.png")
        Image.fromarray(rng.integers(0, 255, (60, 80, 3), dtype=np.uint8)).save(folder / file)
        rows.append(
            {
                "path": file,
                "sample_id": text(f"sample{index}"),
                "label": short(index % 6) if index % 3 else text(f"class{6 + index % 8}"),
                "patient_id": text(f"patient{index // 2}"),
                "lesion_id": text(f"lesion{index}"),
                "split": text("split") if index % 2 else "test",
                "sex": text("sex"),
                "site": short(index % 3),
                "skin_type": text("skin"),
                "drawn_class": text("drawn"),
                "other_class": text("other"),
                "other_share": 0.3,
                text("column"): text(f"value{index % 2}"),
            }
        )
    rows.append({**rows[0], "sample_id": text("missing"), "path": name("missing.png")})
    pd.DataFrame(rows).to_csv(folder / "samples.csv", index=False)
    return folder


def _training_that_failed() -> None:
    files = JobFiles(paths.jobs() / "20260101-000000-train-hostile")
    output = paths.checkpoints() / name("output")
    output.mkdir()
    told = history().rename(
        columns={
            "sensitivity:EAD": f"sensitivity:{short(1)}",
            "confusion:EAD→SD": f"confusion:{text('a')}→{text('b')}",
        }
    )
    told.to_csv(TrainingFiles(output).history, index=False)
    arguments = {
        "dataset": str(paths.datasets() / name("dataset")),
        "output": str(output),
        "recipe": {"epochs": 20, "size": 64, "unfreeze": True, "architecture": text("network")},
    }
    write(files.spec, _spec("train", arguments, lane="device"))
    write(files.submit(1), {"supervisor": {}})
    write(files.result(1), {"state": "failed", "value": {}, "error": text("error")})
    files.logs.mkdir()
    files.log(1).write_text(text("log"))


def _job_at_work() -> None:
    """As far as its folder tells: this process stands for its supervisor and its worker."""
    files = JobFiles(paths.jobs() / "20260101-000001-project-hostile")
    write(files.spec, _spec("project", {"run": text("run")}, lane="processor"))
    write(files.submit(1), {"supervisor": identity(os.getpid())})
    noted = {
        "phase": text("phase"),
        "step": 1,
        "total": 4,
        "first": 0,
        "began": time.time() - 9,
        "updated": time.time(),
        "figures": {},
        "process": identity(os.getpid()),
    }
    write(files.progress(1), noted)


def _spec(kind: str, arguments: dict[str, object], lane: str) -> dict[str, object]:
    return {
        "kind": kind,
        "arguments": arguments,
        "title": text(f"title of {kind}"),
        "lane": lane,
        "submitted": time.time() - 60,
    }
