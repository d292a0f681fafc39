"""A database that cannot be reached."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, DisconnectionError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from dermxai.core.errors import InputError

GONE = (
    "The database of reader studies cannot be reached at the moment; nothing was changed. Try "
    "again, and ask who runs this server."
)


class GoneError(InputError):
    """The database cannot be reached at this moment; nothing was changed."""


@contextmanager
def told_when_gone() -> Iterator[None]:
    """
    Raises:
        GoneError: in place of what a database's driver raises where it cannot be reached or used.
    """
    try:
        yield
    except IntegrityError:
        raise
    except (DBAPIError, DisconnectionError, PoolTimeout, sqlite3.Error) as error:
        raise GoneError(GONE) from error
