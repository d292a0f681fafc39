"""A made-up run with confused classes, and its document, made once."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from dermxai.report.document.collect import collect
from dermxai.report.document.content import Document
from dermxai.report.document.material import Options
from dermxai.runs import Run, open_run
from dermxai.runs.files import RunFiles
from tests.generated import generated_run, trained

CLASSES = ("EAD", "SD", "Pso")
OPTIONS = Options(pairs=1, examples=4)


def confused(root: Path, images: int = 240, **options: object) -> Run:
    """Every second image is predicted at random; the checkpoint tells its training."""
    usual = {"classes": CLASSES, "heads": {"block 1": 4, "final": 8}, "patients": 80}
    run = generated_run(root, images, **(usual | options))
    logits = np.load(RunFiles(run.root).logits)
    logits[::2] = np.random.default_rng(1).standard_normal(logits[::2].shape)
    np.save(RunFiles(run.root).logits, logits)
    return trained(open_run(run.root), name="a dataset", training_images=1234)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A run in a workspace of its own; only to be read."""
    home = tmp_path_factory.mktemp("document")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DERMXAI_HOME", str(home))
        yield confused(home / "runs" / "run")


@pytest.fixture(scope="module")
def document(kept: Run) -> Document:
    return collect(kept, OPTIONS)
