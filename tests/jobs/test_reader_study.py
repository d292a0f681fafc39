"""A reader study made as a job, in a real process that is killed while it draws maps."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dermxai.core.errors import InputError
from dermxai.data import load_dataset
from dermxai.jobs import State, resume, submit
from dermxai.jobs.kinds import check_arguments
from dermxai.jobs.kinds.reader_study import READER_STUDY
from dermxai.jobs.launchers.local import worker
from dermxai.models import load_classifier
from dermxai.readers import studies
from dermxai.readers.store import database as databases
from dermxai.readers.store.database import database
from dermxai.runs import infer
from tests.jobs.conftest import Until

CASES = 12


@pytest.fixture
def asked(workspace: Path, tiny_checkpoint: Path, tmp_path: Path) -> dict[str, object]:
    """Settings of a study with maps."""
    databases.forget()
    generator = np.random.default_rng(0)
    for index in range(CASES):
        file = tmp_path / "data" / ("EAD" if index % 2 else "SD") / f"{index}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(generator.integers(0, 255, (50, 70, 3), dtype=np.uint8)).save(file)
    dataset = load_dataset(tmp_path / "data")
    run = infer(load_classifier(tiny_checkpoint), dataset, device="cpu", workers=0)
    named = {"name": "Maps", "dataset": str(tmp_path / "data"), "run": str(run.root)}
    return {**named, "per_class": CASES // 2, "arms": ["with-maps", "with-faulty-maps"]}


def test_killed_it_is_resumed_to_one_study(asked: dict[str, object], until: Until) -> None:
    job = submit("reader_study", {"study": asked, "made_by": "me"})
    assert job.title == "Reader study Maps"
    until(lambda: job.progress is not None and job.progress.phase in ("images", "maps"))
    process = worker(job, 1)
    if process is not None:
        process.kill()
    until(lambda: not job.state.live)
    if job.state is State.INTERRUPTED:
        assert studies.all_of(database()) == []  # all of it or nothing
        resume(job)
        until(lambda: not job.state.live)
    assert job.state is State.SUCCEEDED, job.log
    assert job.result == {"study": "Maps", "cases": CASES}
    (made,) = studies.all_of(database())
    assert (made.cases, made.made_by, made.settings.arms) == (
        CASES,
        "me",
        ("with-maps", "with-faulty-maps"),
    )
    # as where it was killed between keeping the study and saying so
    assert READER_STUDY.run(lambda *_: None, study=asked) == job.result
    assert len(studies.all_of(database())) == 1
    with pytest.raises(InputError, match="a study 'Maps' already"):
        check_arguments(READER_STUDY, {"study": asked})


@pytest.mark.parametrize(
    ("study", "sentence"),
    [
        ({"name": "x"}, "dataset"),
        ({"name": "x", "dataset": "d", "arms": ["with-maps"]}, "is empty, and an arm shows an AI"),
        ({"name": "x", "dataset": "d", "nonsense": 1}, "nonsense"),
    ],
)
def test_wrong_settings_are_refused_at_once(
    workspace: Path, study: dict[str, object], sentence: str
) -> None:
    databases.forget()
    with pytest.raises(InputError, match=sentence):
        check_arguments(READER_STUDY, {"study": study})
