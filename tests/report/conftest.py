"""A made-up run with confused classes."""

from collections.abc import Callable

import numpy as np
import pytest

from dermxai.core import paths
from dermxai.metrics import evaluate
from dermxai.report import ConfusionAnalysis, confusion_analysis
from dermxai.report.evaluated import Evaluated
from dermxai.runs import Run, open_run
from dermxai.runs.files import RunFiles
from tests.generated import generated_run

Make = Callable[..., Run]


@pytest.fixture
def confused_run() -> Make:
    """Makes a run in which every second image is read at random, among few classes."""

    def make(images: int = 200, classes=("EAD", "SD", "Pso"), **options: object) -> Run:
        usual = {"heads": {"block 1": 4, "block 2": 6, "final": 8}, "patients": 50}
        run = generated_run(paths.runs() / "run", images, classes=classes, **(usual | options))
        logits = np.load(RunFiles(run.root).logits)
        logits[::2] = np.random.default_rng(1).standard_normal(logits[::2].shape)
        np.save(RunFiles(run.root).logits, logits)
        return open_run(run.root)

    return make


@pytest.fixture
def analysed(confused_run: Make) -> Callable[..., ConfusionAnalysis]:
    """Studies two classes of a run, by default a new one."""

    def make(
        run: Run | None = None, first="EAD", second="SD", split=None, **options
    ) -> ConfusionAnalysis:
        run = run or confused_run(**options)
        rows = run.in_split(split)
        samples = run.samples.iloc[rows]
        measured = evaluate(
            samples["label"],
            run.classes,
            run.scores[rows],
            samples["sample_id"],
            samples.get("patient_id"),
        )
        return confusion_analysis(run, Evaluated.of(measured), first, second, split=split)

    return make
