"""The database is made once, told when it is gone, and never on a disk that loses answers."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections import namedtuple
from contextlib import closing
from pathlib import Path

import psutil
import pytest
import yaml
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import URL, select, text

from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.readers import files, sitting, studies
from dermxai.readers.sitting import Given
from dermxai.readers.store import database as databases
from dermxai.readers.store import migration
from dermxai.readers.store.database import SETTING, Database, check_disk, database
from dermxai.readers.store.gone import GoneError
from dermxai.readers.store.tables import Revision, Study, Table
from tests.readers.conftest import a_case

Mount = namedtuple("Mount", "mountpoint fstype")


def test_the_form_that_migrations_make_is_that_of_the_tables(db: Database) -> None:
    with db.engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), Table.metadata)
    assert found == []
    assert migration.revision(db.engine) == migration.newest()


def test_sqlite_writes_ahead_and_waits_for_the_disk(db: Database) -> None:
    if db.url.get_backend_name() != "sqlite":
        pytest.skip("of SQLite alone")
    with db.reading() as session:
        told = [session.scalar(text(f"PRAGMA {each}")) for each in ("journal_mode", "synchronous")]
        assert told == ["wal", 2]
        assert session.scalar(text("PRAGMA foreign_keys")) == 1
    assert files.database_file().stat().st_mode & 0o007 == 0


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs", "9p", "lustre", "NFS"])
def test_network_disks_are_refused(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    mounts = [Mount("/", "ext4"), Mount("/home/lab", kind), Mount("/home/lab/local", "xfs")]
    monkeypatch.setattr(psutil, "disk_partitions", lambda all: mounts)  # noqa: A006
    monkeypatch.setattr(os.path, "realpath", lambda path, **_: str(path))
    with pytest.raises(InputError, match=f"network disk \\({kind.lower()}\\).*PostgreSQL"):
        check_disk(Path("/home/lab/readers/studies.sqlite"))
    check_disk(Path("/home/lab/local/studies.sqlite"))
    check_disk(Path("/home/laboratory/studies.sqlite"))


@pytest.mark.parametrize(
    "named",
    ["mysql://u:secret@h/d", "secret", "sqlite://", "sqlite:///:memory:", "://secret", "secret\0"],
)
def test_what_names_no_database_is_refused_without_its_password(
    monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    with pytest.raises(InputError, match="postgresql://user") as refused:
        databases.database_of(named)
    assert "secret" not in str(refused.value)


def test_a_database_that_was_taken_away_takes_no_answer_and_is_not_made_anew(
    db: Database, shown: str, tmp_path: Path
) -> None:
    if db.url.get_backend_name() != "sqlite":
        pytest.skip("of SQLite alone")
    case = a_case(db, shown)
    folder, away = files.folder(), tmp_path / "away"
    folder.rename(away)
    given = Given(case.token, "a", case.classes[0], 3, True)
    with pytest.raises(GoneError, match="cannot be reached"):
        sitting.give(db, shown, given)
    folder.mkdir()
    with pytest.raises(GoneError):
        sitting.give(db, shown, given)
    assert list(folder.iterdir()) == []
    folder.rmdir()
    away.rename(folder)
    sitting.give(db, shown, given)
    with closing(sqlite3.connect(files.database_file())) as other:
        assert other.execute("SELECT count(*) FROM revision").fetchone() == (1,)


def test_a_file_that_was_replaced_is_not_written_behind(db: Database, shown: str) -> None:
    """A connection that holds the removed file would take answers that nobody finds."""
    if db.url.get_backend_name() != "sqlite":
        pytest.skip("of SQLite alone")
    case = a_case(db, shown)
    file = files.database_file()
    with closing(sqlite3.connect(file)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(file, file.with_suffix(".copy"))
    for each in file.parent.glob(f"{file.name}-*"):
        each.unlink()
    file.unlink()
    file.with_suffix(".copy").rename(file)
    sitting.give(db, shown, Given(case.token, "a", case.classes[0], 3, True))
    with closing(sqlite3.connect(file)) as other:
        assert other.execute("SELECT count(*) FROM revision").fetchone() == (1,)


def test_a_damaged_file_is_told(workspace: Path) -> None:
    databases.forget()
    files.folder().mkdir(parents=True)
    files.database_file().write_bytes(b"no database" * 1000)
    with pytest.raises(GoneError):
        database()


def test_a_later_versions_database_is_refused(db: Database) -> None:
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    try:
        with pytest.raises(InputError, match=r"later version of DermXAI .*'9999'"):
            migration.upgrade(db.engine, files.migration_lock())
    finally:
        with db.engine.begin() as connection:
            connection.execute(
                text("UPDATE alembic_version SET version_num = :new"), {"new": migration.newest()}
            )


def next_form(folder: Path, steps: str) -> None:
    """The migrations of a later version: the present ones and a further one."""
    shutil.copytree(migration.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    last = f'revision = "9998"\ndown_revision = "{migration.newest()}"\n'
    lines = (
        f"import sqlalchemy as sa\nfrom alembic import op\n{last}\ndef upgrade():\n    {steps}\n"
    )
    (folder / "versions" / "9998_later.py").write_text(lines)


def test_a_copy_is_made_before_the_form_changes(
    db: Database, study: studies.StudyInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = migration.newest()
    next_form(tmp_path / "migrations", "op.add_column('study', sa.Column('more', sa.Text()))")
    monkeypatch.setattr(migration, "FOLDER", tmp_path / "migrations")
    migration.upgrade(db.engine, files.migration_lock())
    (copy,) = files.folder().glob(f"studies-{before}-*.backup")
    assert migration.revision(db.engine) == "9998"
    if db.url.get_backend_name() == "sqlite":
        kept = databases._sqlite(URL.create("sqlite", database=str(copy)))
        with kept.connect() as connection:
            assert connection.execute(select(Study.name)).scalar_one() == "First"
    else:
        assert copy.read_bytes()[:5] == b"PGDMP"
    with db.engine.begin() as connection:
        connection.execute(text("SELECT more FROM study"))


def test_a_step_that_fails_leaves_the_database_as_it_was(
    db: Database, study: studies.StudyInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = migration.newest()
    steps = (
        "op.add_column('study', sa.Column('more', sa.Text()))\n    op.execute('SELECT nothing(1)')"
    )
    next_form(tmp_path / "migrations", steps)
    monkeypatch.setattr(migration, "FOLDER", tmp_path / "migrations")
    with pytest.raises(InputError):
        migration.upgrade(db.engine, files.migration_lock())
    assert migration.revision(db.engine) == before
    assert studies.find(db, "First") == study


def test_the_compose_file_names_its_database() -> None:
    text_ = (paths.PROJECT / "deploy" / "compose.yaml").read_text("utf-8")
    services = yaml.safe_load(text_)["services"]
    named = services["dermxai"]["environment"][SETTING]
    url = databases._parsed(named.replace("${DERMXAI_DATABASE_PASSWORD:?name a password}", "x"))
    assert url.host in services and services[url.host]["image"].startswith("docker.io/library/pos")
    assert url.username == services[url.host]["environment"]["POSTGRES_USER"]
    pinned = (paths.PROJECT / "requirements-dev.txt").read_text("utf-8")
    (version,) = [line for line in pinned.splitlines() if line.startswith("psycopg==")]
    containers = (paths.PROJECT / "deploy" / "Containerfile").read_text("utf-8")
    assert version.replace("psycopg", "psycopg[binary]") in containers


MAKE = """
import sys
from dermxai.readers.store.database import database
with database().reading() as session:
    print(session.connection().dialect.name)
"""


def test_servers_that_start_at_a_time_make_it_once(workspace: Path) -> None:
    databases.forget()
    environment = {**os.environ, "PYTHONPATH": str(paths.PROJECT)}
    started = [
        subprocess.Popen([sys.executable, "-c", MAKE], env=environment, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    told = [each.communicate(timeout=120)[1] for each in started]
    assert [each.returncode for each in started] == [0] * 3, told
    assert migration.revision(database().engine) == migration.newest()


def test_a_transaction_that_fails_keeps_nothing(db: Database, shown: str) -> None:
    case = a_case(db, shown)
    with pytest.raises(RuntimeError), db.writing() as session:
        turn = session.get_one(Study, 1)
        turn.name = "changed"
        session.flush()
        raise RuntimeError(case.token)
    assert studies.find(db, "First")
    with db.reading() as session:
        assert session.scalars(select(Revision)).all() == []
