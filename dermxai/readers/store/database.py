"""The database of reader studies, opened and brought to the present form."""

import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import lru_cache
from pathlib import Path

import psutil
from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.engine import Connection
from sqlalchemy.exc import ArgumentError, DisconnectionError, NoSuchModuleError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from dermxai.core.errors import InputError
from dermxai.readers import files
from dermxai.readers.store import migration
from dermxai.readers.store.gone import told_when_gone

SETTING = "DERMXAI_DATABASE"
PATIENCE = 15  # seconds that a write waits for others
_CONNECTING = 3  # seconds
_WRITES = "dermxai_writes"
_NETWORK = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smbfs", "smb3", "smb2", "ceph", "lustre", "gpfs", "beegfs"),
        *("glusterfs", "afs", "9p", "ncpfs", "davfs", "fuse.sshfs", "fuse.glusterfs"),
        *("fuse.ceph", "fuse.s3fs", "fuse.rclone", "fuse.gcsfuse", "fuse.davfs2", "fuse.smbnetfs"),
    }
)


class Database:
    """Transactions on the tables of `tables`. Safe for several threads and processes."""

    def __init__(self, url: URL) -> None:
        """
        Raises:
            InputError: it cannot be used; see `migration.upgrade`.
            GoneError: it cannot be reached.
        """
        self.url = url
        self.engine = _sqlite(url) if url.get_backend_name() == "sqlite" else _postgresql(url)

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction, committed as the block ends well. On SQLite one at a time.

        Raises:
            GoneError: nothing was kept.
        """
        with self._session(writes=True) as session:
            yield session
            session.commit()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """
        Raises:
            GoneError: it cannot be reached.
        """
        with self._session(writes=False) as session:
            yield session

    @contextmanager
    def _session(self, *, writes: bool) -> Iterator[Session]:
        with told_when_gone():
            engine = self.engine.execution_options(**{_WRITES: writes})
            with Session(engine, expire_on_commit=False) as session:
                yield session


def database() -> Database:
    """The database that ``DERMXAI_DATABASE`` names, else SQLite in the workspace; made or brought
    to the present form when it is first asked for.

    Raises:
        InputError: it cannot be used.
        GoneError: it cannot be reached.
    """
    return _opened(_url())


def is_there() -> bool:
    """Whether a database is named or was made; asking makes none."""
    return bool(os.environ.get(SETTING, "").strip()) or files.database_file().exists()


def database_of(url: str) -> Database:
    """The one at a URL of SQLAlchemy.

    Raises:
        InputError, GoneError: as `database`.
    """
    return _opened(_parsed(url))


def _url() -> URL:
    named = os.environ.get(SETTING, "").strip()
    return _parsed(named) if named else URL.create("sqlite", database=str(files.database_file()))


def _parsed(named: str) -> URL:
    wrong = InputError(
        f"{SETTING} does not name a database; expected postgresql://user:password@host/name or "
        "sqlite:////path/of/a/file."
    )
    try:
        url = make_url(named)
    except (ArgumentError, ValueError):
        raise wrong from None  # it may hold a password
    if url.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        return url.set(drivername="postgresql+psycopg")
    if url.drivername != "sqlite" or not url.database or url.database == ":memory:":
        raise wrong
    return url


@lru_cache(8)
def _opened(url: URL) -> Database:
    made = Database(url)
    migration.upgrade(made.engine, files.migration_lock())
    return made


def forget() -> None:
    """Closes what is open; the next call opens it anew."""
    _opened.cache_clear()


def _postgresql(url: URL) -> Engine:
    try:
        return create_engine(
            url,
            pool_pre_ping=True,
            pool_timeout=PATIENCE,
            pool_size=8,
            max_overflow=8,
            connect_args={
                "connect_timeout": _CONNECTING,
                "options": f"-c lock_timeout={PATIENCE * 1000} -c statement_timeout=60000",
            },
        )
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise InputError(
            f"{SETTING} names PostgreSQL, and its driver is not installed: "
            'python -m pip install "dermxai[postgresql]".'
        ) from error


def _sqlite(url: URL) -> Engine:
    assert url.database is not None
    file = Path(url.database).expanduser().absolute()
    check_disk(file)
    try:
        file.parent.mkdir(mode=0o770, parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{file.parent} cannot be made ({error.strerror}); name another place in {SETTING}."
        ) from error
    with told_when_gone():
        _make(file)
    address = URL.create(
        "sqlite", database=f"file:{_quoted(file)}", query={"mode": "rw", "uri": "true"}
    )
    engine = create_engine(
        address,
        poolclass=QueuePool,
        pool_size=8,
        max_overflow=8,
        pool_timeout=PATIENCE,
        connect_args={"timeout": PATIENCE, "check_same_thread": False},
    )
    event.listen(engine, "connect", _connected(file))
    event.listen(engine, "checkout", _still_there(file))
    event.listen(engine, "begin", _begin)
    return engine


def _make(file: Path) -> None:
    """The file, with its write-ahead log, where it is not there: connections never make one, so
    that a database that was taken away is not replaced by an empty one."""
    if file.exists():
        return
    with closing(sqlite3.connect(file, timeout=PATIENCE)) as made:
        made.execute("PRAGMA journal_mode=WAL")
    file.chmod(stat.S_IMODE(file.stat().st_mode) & 0o660)


def check_disk(file: Path) -> None:
    """
    Raises:
        InputError: the file lies on a network disk, on which SQLite's write-ahead log, which
            computers share in memory, loses answers.
    """
    kind = _kind_of_disk(file)
    if kind in _NETWORK:
        raise InputError(
            f"{file} lies on a network disk ({kind}), on which SQLite's write-ahead log cannot be "
            f"trusted; name a file on a local disk, or a PostgreSQL database, in {SETTING}."
        )


def _kind_of_disk(file: Path) -> str:
    """The file system of a file that need not be there yet."""
    real = os.path.realpath(file)
    mounts = sorted(psutil.disk_partitions(all=True), key=lambda each: len(each.mountpoint))
    kinds = [
        str(each.fstype).lower()
        for each in mounts
        if f"{real}/".startswith(f"{each.mountpoint.rstrip('/')}/")
    ]
    return kinds[-1] if kinds else ""


def _quoted(file: Path) -> str:
    return str(file).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def _connected(file: Path) -> Callable[[sqlite3.Connection, ConnectionPoolEntry], None]:
    def connected(connection: sqlite3.Connection, entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # transactions are begun by `_begin`
        # what was removed is overwritten in the file
        for pragma in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")
        entry.info["file"] = _identity(file)

    return connected


def _still_there(file: Path) -> Callable[[object, ConnectionPoolEntry, object], None]:
    def checked_out(_connection: object, entry: ConnectionPoolEntry, _proxy: object) -> None:
        """A file that was removed or replaced takes writes, and loses them."""
        if entry.info.get("file") is None or entry.info["file"] != _identity(file):
            raise DisconnectionError

    return checked_out


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
