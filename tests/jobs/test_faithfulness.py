"""A study in a real process that is killed."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from dermxai.data import load_dataset
from dermxai.explain.faithfulness.files import FaithfulnessFiles
from dermxai.explain.faithfulness.results import open_results
from dermxai.jobs import State, resume, submit
from dermxai.jobs.kinds.faithfulness import FAITHFULNESS
from dermxai.jobs.launchers.local import worker
from dermxai.models import load_classifier
from dermxai.runs import Run, infer
from tests.jobs.conftest import Until


@pytest.fixture
def run(tiny_checkpoint: Path, tmp_path: Path) -> Run:
    generator = np.random.default_rng(0)
    for index in range(8):
        file = tmp_path / "data" / ("EAD" if index % 2 else "SD") / f"{index}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(generator.integers(0, 255, (50, 70, 3), dtype=np.uint8)).save(file)
    return infer(load_classifier(tiny_checkpoint), load_dataset(tmp_path / "data"))


def test_killed_it_resumes_to_the_same_table(run: Run, until: Until) -> None:
    asked = {
        "images": 5,
        "methods": ["grad_cam"],
        "measures": ["deletion_inpainting", "infidelity"],
        "settings": {"deletion_inpainting": {"steps": 20}},
    }
    scores = FaithfulnessFiles.of(run.root).root / "scores"
    job = submit("faithfulness", {"run": str(run.root), **asked})
    until(lambda: len(list(scores.glob("*.json"))) >= 2)
    process = worker(job, 1)
    assert process is not None
    process.kill()
    until(lambda: not job.state.live)
    assert job.state is State.INTERRUPTED
    kept = {path: path.read_bytes() for path in scores.glob("*.json")}
    assert open_results(run) is None

    resume(job)
    until(lambda: not job.state.live)
    assert job.state is State.SUCCEEDED, job.log
    changed = [path for path, content in kept.items() if path.read_bytes() != content]
    assert len(changed) <= 1  # the image that it was at
    resumed = open_results(run)
    assert resumed is not None
    assert job.result["evaluation"] == resumed.asked.name

    for path in scores.glob("*.json"):
        path.unlink()
    FAITHFULNESS.run(lambda *_: None, run=str(run.root), **asked)
    afresh = open_results(run)
    assert afresh is not None
    pd.testing.assert_frame_equal(afresh.table, resumed.table, rtol=1e-6)
