"""Brings a database to the present form of the tables: once, under a lock, a copy before."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from dermxai.core import disk
from dermxai.core.errors import InputError
from dermxai.readers import files
from dermxai.readers.store.gone import told_when_gone

FOLDER = Path(__file__).parent / "migrations"
_LOCK = 0x6465726D  # of PostgreSQL's advisory locks
_PATIENCE = 300  # seconds of a copy


def newest() -> str:
    """The revision of the present form."""
    return str(ScriptDirectory(str(FOLDER)).get_current_head())


def upgrade(engine: Engine, lock: Path) -> None:
    """Two servers that start at a time do it once.

    Raises:
        InputError: the database was written by a later version, holds something else, could not be
            copied before, or a step failed; then it is as it was.
        GoneError: it cannot be reached.
    """
    with told_when_gone():
        if revision(engine) == newest():
            return
        with _locked(engine, lock):
            _upgrade(engine)


def revision(engine: Engine) -> str | None:
    """Of which form the database is; None of a new one."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _upgrade(engine: Engine) -> None:
    found = revision(engine)
    if found == newest():
        return
    scripts = ScriptDirectory(str(FOLDER))
    if found is not None:
        try:
            scripts.get_revision(found)
        except CommandError as error:
            raise InputError(
                f"The database of reader studies is of a later version of DermXAI (its form is "
                f"{found[:40]!r}); start that version, or name another database."
            ) from error
        _copy(engine, found)
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except OperationalError:
        raise
    except (CommandError, DBAPIError) as error:
        raise InputError(
            "The database of reader studies could not be brought to the present form; it is as it "
            f"was ({type(error).__name__}): name an empty one, or ask who runs this server."
        ) from error


@contextmanager
def _locked(engine: Engine, lock: Path) -> Iterator[None]:
    if engine.dialect.name == "sqlite":
        lock.parent.mkdir(parents=True, exist_ok=True)
        with disk.locked(lock):
            yield
        return
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})


def _copy(engine: Engine, found: str) -> None:
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    target = files.backup_file(found, moment)
    target.parent.mkdir(parents=True, exist_ok=True)
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection, closing(sqlite3.connect(target)) as copy:
            driver = connection.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            driver.rollback()
            driver.backup(copy)
        target.chmod(0o600)
        return
    _dump(engine, target)


def _dump(engine: Engine, target: Path) -> None:
    program, url = shutil.which("pg_dump"), engine.url
    named = {
        "PGHOST": url.host or url.query.get("host"),
        "PGPORT": url.port,
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
    }
    told = "it is not installed"
    if program is not None:
        done = subprocess.run(
            [program, "--format=custom", f"--file={target}"],
            env={**os.environ, **{name: str(value) for name, value in named.items() if value}},
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
        if done.returncode == 0:
            return
        target.unlink(missing_ok=True)
        told = f"it ended with {done.returncode}"
    raise InputError(
        "The database of reader studies is of an earlier form, and is copied by pg_dump before it "
        f"is changed, but {told}; install PostgreSQL's client programs of the server's version."
    )
