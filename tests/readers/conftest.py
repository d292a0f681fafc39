"""A small dataset of drawn images, and a study of it."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sqlalchemy import URL, text

from dermxai.access import codes
from dermxai.readers import sitting, studies
from dermxai.readers.definition import StudySettings
from dermxai.readers.sitting import Shown
from dermxai.readers.store import database as databases
from dermxai.readers.store.database import SETTING, Database, database

CLASSES = ("MN", "BCC", "SK")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codes, "_COST", 2**4)


POSTGRESQL = "DERMXAI_TEST_DATABASE"
"""In the environment: a PostgreSQL whose every table may be removed, see tests/postgresql/up.sh."""
ON_BOTH = ("tests.readers.test_sitting", "tests.readers.store.test_database")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "db" in metafunc.fixturenames and metafunc.module.__name__ in ON_BOTH:
        metafunc.parametrize("backend", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> str:
    return getattr(request, "param", "sqlite")


@pytest.fixture
def db(workspace: Path, backend: str, monkeypatch: pytest.MonkeyPatch) -> Database:
    databases.forget()
    if backend == "postgresql":
        named = os.environ.get(POSTGRESQL)
        if not named:
            pytest.skip(f"{POSTGRESQL} names no PostgreSQL")
        monkeypatch.setenv(SETTING, _empty(databases._parsed(named)))
    return database()


def _empty(url: URL) -> str:
    """A database of this process of the tests, which work side by side."""
    own = f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
    engine = databases._postgresql(url).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for each in (f"DROP DATABASE IF EXISTS {own} WITH (FORCE)", f"CREATE DATABASE {own}"):
            connection.execute(text(each))
    engine.dispose()
    return url.set(database=own).render_as_string(hide_password=False)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Twelve images of three classes; each second patient has two images, all of one class."""
    root = tmp_path / "secret melanoma folder"
    root.mkdir()
    rng, rows = np.random.default_rng(0), []
    for index in range(12):
        name = f"{CLASSES[index % 3]}-{index}.png"
        Image.fromarray(rng.integers(0, 255, (24, 32, 3), np.uint8)).save(root / name)
        label = CLASSES[index % 3]
        rows.append((f"i{index}", name, label, f"p{index % 3}-{index // 6}"))
    table = pd.DataFrame(rows, columns=["sample_id", "path", "label", "patient_id"])
    table.to_csv(root / "dataset.csv", index=False)
    return root / "dataset.csv"


@pytest.fixture
def settings(images: Path) -> StudySettings:
    return StudySettings(name="First", dataset=str(images), per_class=2)


@pytest.fixture
def study(db: Database, settings: StudySettings) -> studies.StudyInfo:
    return studies.make(db, settings, "me")


@pytest.fixture
def shown(db: Database, study: studies.StudyInfo) -> str:
    """What the browser of the study's first reader shows."""
    return entered(db, study.name)


def entered(db: Database, name: str) -> str:
    (code,) = studies.make_codes(db, name, 1)
    found = sitting.enter(db, code.text)
    assert found
    return found


def a_case(db: Database, shown: str) -> Shown:
    screen = sitting.go_on(db, shown)
    assert isinstance(screen, Shown)
    return screen
