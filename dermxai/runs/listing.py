"""Which runs there are in the workspace, without opening them."""

import os
import re
from functools import lru_cache
from pathlib import Path

from dermxai.core import entries, paths
from dermxai.core.entries import Unusable, UnusableError
from dermxai.runs.files import RunFiles
from dermxai.runs.manifest import read_manifest

NAME = re.compile(r"[\w-][\w .-]{0,99}", re.ASCII)
"""What a run's folder may be called; its id is such a name, too."""
NPY = b"\x93NUMPY"


def _check_arrays(root: Path) -> None:
    """That a run's table and arrays are there and begin as such; read again when they have changed.

    Raises:
        UnusableError: one does not.
    """
    files = RunFiles(root)
    for file, start in ((files.samples, b"PAR1"), (files.logits, NPY), (files.pooled, NPY)):
        try:
            state = entries.readable(file).stat()
        except UnusableError as error:
            raise UnusableError(f"{file.name} {error}") from None
        except OSError as error:
            raise UnusableError(f"{file.name} is not there or cannot be opened") from error
        if not _begins(str(file), start, state.st_mtime_ns, state.st_size):
            raise UnusableError(f"{file.name} is damaged")


@lru_cache(maxsize=16384)
def _begins(file: str, start: bytes, _changed: int, _size: int) -> bool:
    try:
        with entries.opened(Path(file)) as opened:
            return opened.read(len(start)) == start
    except (UnusableError, OSError):
        return False


def find_runs() -> tuple[list[Path], list[Unusable]]:
    """Folders of the complete runs in the workspace, newest first; and entries that are neither
    those nor unfinished."""
    found: list[tuple[int, Path]] = []
    here, odd = entries.listed(paths.runs())
    for root in here:
        files = RunFiles(root)
        try:
            entries.check_folder(root)
            if not os.path.lexists(files.manifest):
                if not any(os.path.lexists(each) for each in (files.plan, files.lock)):
                    raise UnusableError(f"has no {files.manifest.name}")
                continue
            if not NAME.fullmatch(root.name):
                raise UnusableError("has a name that no link can hold")
            read_manifest(root)
            _check_arrays(root)
            found.append((files.manifest.stat().st_mtime_ns, root))
        except (UnusableError, OSError) as error:
            odd.append(Unusable(root, str(error), "Remove it and infer again."))
    return [root for _, root in sorted(found, reverse=True)], odd


def list_runs() -> list[Path]:
    """Folders of the complete runs in the workspace, newest first."""
    return find_runs()[0]
