"""What was computed of an image, on disk, found again by what went in: attribution maps, and what
other explanations keep in the same way."""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from dermxai.core import arrays, disk, entries
from dermxai.core.entries import UnusableError
from dermxai.core.settings import Settings
from dermxai.explain.attribution.files import map_file
from dermxai.explain.attribution.method import Attribution, Target

MOST = 4_000_000_000  # bytes kept in a folder; the oldest go first
_held: dict[Path, int] = {}
"""Bytes in a folder, as far as this process knows."""
_MOST_OF_ONE = 256_000_000  # bytes of a map
log = logging.getLogger(__name__)


class _About(TypedDict):
    """What is kept of an `Attribution` beside its map."""

    method: str
    target: str
    against: str | None
    head: str | None
    unit: str
    signed: bool
    complete: bool
    settings: dict[str, object]
    notes: list[str]
    per_area: str


def key(
    classifier_hash: str,
    image: NDArray[np.uint8],
    method: str,
    target: Target,
    settings: Settings,
    *,
    version: int,
) -> str:
    """Names a map by everything that it depends on, the method's ``version`` among it."""
    of = [version, classifier_hash, pixels(image), image.shape]
    return digest([*of, method, asdict(target), settings.model_dump()])


def pixels(image: NDArray[np.uint8]) -> str:
    """Tells an image from all others."""
    return hashlib.sha256(np.ascontiguousarray(image).tobytes()).hexdigest()


def digest(parts: Sequence[object]) -> str:
    """The name of what depends on such parts."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def read(name: str) -> Attribution | None:
    """The stored map, ``map`` at the method's own resolution, too; None where there is none."""
    try:
        held = arrays.load(map_file(name), "about", "native", most=_MOST_OF_ONE)
        about = entries.parse_json(str(held["about"]).encode("utf-8", "surrogatepass"), _About)
        native = held["native"]
        if native.ndim != 2 or native.dtype.kind != "f" or not native.size:
            return None
        return Attribution(
            map=native,
            native=native,
            method=about["method"],
            target=about["target"],
            against=about["against"],
            head=about["head"],
            unit=about["unit"],
            signed=about["signed"],
            complete=about["complete"],
            settings=about["settings"],
            notes=tuple(about["notes"]),
            per_area=about["per_area"],
        )
    except (UnusableError, KeyError):
        return None


def write(name: str, attribution: Attribution) -> None:
    """Keeps a map where that is possible; the oldest are removed where all together take too much
    room."""
    about = {part: getattr(attribution, part) for part in _About.__annotations__}
    keep(map_file(name), about, {"native": attribution.native})


def keep(
    path: Path, about: Mapping[str, object], arrays_: Mapping[str, NDArray[np.generic]]
) -> None:
    """As `write`, whatever is made of arrays and of what JSON can say (``about``)."""
    members = {"about": np.array(json.dumps(about)), **arrays_}
    try:
        with disk.replacing(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, **members)  # type: ignore[arg-type]
            file.flush()
            size = temporary.stat().st_size
        folder = path.parent
        _held[folder] = _held.get(folder, MOST) + size  # not known at first: it is looked at
        if _held[folder] > MOST:
            _held[folder] = _make_room(folder)
    except OSError as error:  # a full disk, or one that is read-only: it is computed anew then
        log.warning("%s could not be kept. %s", path.name, disk.trouble(error) or error)


def _make_room(folder: Path) -> int:
    """Bytes of what is left. Looking at every file takes its time where there are many: not at each
    map."""
    states = []
    for file in folder.glob("*.npz"):
        with suppress(OSError):  # another process makes room, too
            states.append((file.stat(), file))
    room, left = MOST, 0
    for state, file in sorted(states, key=lambda each: -each[0].st_mtime):
        room -= state.st_size
        if room < 0:
            with suppress(OSError):  # a folder of that name, or another account's
                file.unlink(missing_ok=True)
        else:
            left += state.st_size
    return left
