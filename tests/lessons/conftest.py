"""A lesson with a step of each kind, over a run of made-up images."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from dermxai.core import paths
from dermxai.lessons import library, sessions
from dermxai.lessons.definition import Lesson, Step, StepKind
from dermxai.lessons.sessions import NewSession
from dermxai.readers.store.database import Database
from dermxai.runs import Run
from tests.generated import generated_run
from tests.readers.conftest import backend, db

__all__ = ["backend", "db"]
ON_BOTH = ("tests.lessons.test_attending", "tests.lessons.test_sessions")
TEXT, LINK, CHOICE, FREE, QUIZ, DISCUSSION = range(6)
"""Positions of the steps of `lesson`."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "db" in metafunc.fixturenames and metafunc.module.__name__ in ON_BOTH:
        metafunc.parametrize("backend", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def run(workspace: Path) -> Run:
    """Forty images; the first has its signs drawn in its upper left quarter."""
    made = generated_run(paths.runs() / "run", 40)
    signs = np.zeros((20, 30), np.uint8)
    signs[:10, :15] = 255
    Image.fromarray(signs).save(made.root / "signs.png")
    samples = made.samples.copy()
    samples["evidence_path"] = pd.array([str(made.root / "signs.png"), *[None] * 39], dtype="str")
    samples.to_parquet(made.root / "samples.parquet", index=False)
    from dermxai.runs import open_run

    return open_run(made.root)


@pytest.fixture
def lesson(run: Run) -> Lesson:
    """One step of each kind."""
    first = str(run.samples["sample_id"].iloc[0])
    others = tuple(map(str, run.samples["sample_id"].iloc[1:4]))
    query = {"run": "elsewhere", "first": "EAD", "second": "SD", "sel": "0" * 16}
    return Lesson(
        name="First",
        steps=(
            Step(title="Welcome", text="Two lines\nof text."),
            Step(
                kind=StepKind.LINK,
                title="Confused",
                page="confusion_analysis",
                query=query,
                images=others,
                selected="Three",
            ),
            Step(
                kind=StepKind.QUESTION,
                title="Which?",
                options=("A", "B", "C"),
                right="B",
                explanation="Since B.",
            ),
            Step(kind=StepKind.QUESTION, title="Why?"),
            Step(kind=StepKind.QUIZ, title="What is it?", image=first, explanation="See."),
            Step(kind=StepKind.DISCUSSION, title="Discuss"),
        ),
    )


@pytest.fixture
def begin(db: Database, lesson: Lesson) -> Callable[[], NewSession]:
    """Keeps the lesson and starts a session of it."""

    def begin_() -> NewSession:
        if not library.all_of(db):
            library.make(db, lesson, "me")
        return sessions.start(db, lesson.name, "run", "me")

    return begin_
