"""Settings of a workspace that lie in a TOML file."""

import os
import re
import tomllib
from pathlib import Path
from typing import TypeVar

from dermxai.core import entries
from dermxai.core.entries import UnusableError
from dermxai.core.errors import InputError
from dermxai.core.settings import Settings, checked

S = TypeVar("S", bound=Settings)


def read_settings(kind: type[S], path: Path, see: str, *, anywhere: bool = False) -> S:
    """Those of a file, the defaults where there is none.

    Args:
        see: where they are explained, for the sentence.
        anywhere: also where the file is a link that leads out of what a confined server may open.

    Raises:
        InputError: the file cannot be read, is not TOML, or has an unknown key or a value that is
            not allowed; the sentence shows no secret.
    """
    if not os.path.lexists(path):
        return kind()
    try:
        text = path.read_text("utf-8-sig") if anywhere else entries.read_text(path)
        content = tomllib.loads(text)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    except UnusableError as error:
        raise InputError(f"{path} {error}; expected TOML in UTF-8, see {see}.") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not TOML{_where(error)}; see {see}.") from None
    try:
        return checked(str(path), kind, content)
    except InputError as error:
        if str(path) in str(error):
            raise
        raise InputError(f"{path}: {error}") from None


def _where(error: Exception) -> str:
    """The words of tomllib may hold a part of the file."""
    found = re.search(r" \(at (line \d+, column \d+|end of document)\)$", str(error))
    return found[0] if found else f" ({type(error).__name__})"
