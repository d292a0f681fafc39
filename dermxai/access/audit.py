"""The audit log: who opened which dataset, exported, uploaded, started, cancelled, deleted.

One JSON object a line. No pixels, no names of files, images or patients: a dataset is its folder's
name, an upload its size, an export its kind.
"""

import getpass
import json
import logging
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from dermxai.access.codes import own_folder
from dermxai.access.files import audit_log
from dermxai.access.roles import Person
from dermxai.core import disk

LARGEST = 5_000_000  # bytes of a file, after which the next is begun
KEPT = 20  # older files
LONGEST = 200  # characters of a text
log = logging.getLogger("dermxai")


def record(person: Person | None, action: str, *, address: str = "", **what: object) -> None:
    """Adds a line.

    Args:
        person: None where nobody is logged in, such as at a login that is refused.
        action: such as "opened dataset".
        address: of the person's computer.
        what: plain values.

    Raises:
        OSError: it cannot be written.
    """
    line: dict[str, object] = {"time": datetime.now(UTC).isoformat(timespec="milliseconds")}
    if person:
        line |= {"person": person.id or account(), "name": person.name, "role": person.role}
        line |= {"visit": person.visit}
    line |= {"address": address, "action": action, **what}
    said = {name: _short(value) for name, value in line.items() if value not in (None, "")}
    own_folder()
    file = audit_log()
    with disk.locked(file.with_name(".audit.lock")):
        _rotate(file)
        descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "ab") as opened:
            opened.write(json.dumps(said, ensure_ascii=True).encode() + b"\n")
            opened.flush()
            os.fsync(opened.fileno())


def note(person: Person | None, action: str, *, address: str = "", **what: object) -> None:
    """As `record`; what cannot be written is said in the server's log and stops nobody's look."""
    try:
        record(person, action, address=address, **what)
    except OSError:
        log.exception("The audit log cannot be written")


def entries() -> list[dict[str, object]]:
    """All that is kept, the newest first; lines that are damaged are left out."""
    found = []
    for file in (audit_log(), *(_older(number) for number in range(1, KEPT + 1))):
        with suppress(FileNotFoundError):
            for line in reversed(file.read_text(encoding="utf-8", errors="replace").splitlines()):
                with suppress(ValueError):
                    found.append(json.loads(line))
    return [entry for entry in found if isinstance(entry, dict)]


def _rotate(file: Path) -> None:
    with suppress(FileNotFoundError):
        if file.stat().st_size < LARGEST:
            return
        for number in range(KEPT - 1, 0, -1):
            with suppress(FileNotFoundError):
                _older(number).replace(_older(number + 1))
        file.replace(_older(1))


def _older(number: int) -> Path:
    file = audit_log()
    return file.with_name(f"{file.stem}-{number}{file.suffix}")


def _short(value: object) -> object:
    return value[:LONGEST] if isinstance(value, str) else value


def account() -> str:
    """Who uses the command line."""
    try:
        return f"account {getpass.getuser()}"
    except (KeyError, OSError):
        return f"account {os.getuid()}"
