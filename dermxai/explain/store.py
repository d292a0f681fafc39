"""Attribution maps on disk, found again by what went in."""

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermxai import disk, paths
from dermxai.explain.method import Attribution, Target

MOST = 4_000_000_000  # bytes kept; the oldest go first
_held: dict[Path, int] = {}
"""Bytes in a folder, as far as this process knows."""
_ABOUT = (
    *("method", "target", "against", "head", "unit", "signed", "complete", "settings", "notes"),
    "per_area",
)


def key(
    classifier_hash: str,
    image: NDArray[np.uint8],
    method: str,
    target: Target,
    settings: object,
    *,
    version: int,
) -> str:
    """Names a map by everything that it depends on, the method's ``VERSION`` among it."""
    pixels = hashlib.sha256(np.ascontiguousarray(image).tobytes()).hexdigest()
    of = [version, classifier_hash, pixels, image.shape]
    parts = [*of, method, asdict(target), asdict(settings)]  # type: ignore[call-overload]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def read(name: str) -> Attribution | None:
    """The stored map, ``map`` at the method's own resolution, too; None where there is none."""
    try:
        with paths.attribution(name).open("rb") as file, np.load(file, allow_pickle=False) as held:
            about = json.loads(str(held["about"]))
            native = held["native"]
    except disk.UNREADABLE:
        return None
    about["notes"] = tuple(about["notes"])
    return Attribution(map=native, native=native, **about)


def write(name: str, attribution: Attribution) -> None:
    """Keeps a map; the oldest are removed where all together take too much room."""
    path = paths.attribution(name)
    about = {part: getattr(attribution, part) for part in _ABOUT}
    with disk.replacing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, native=attribution.native, about=json.dumps(about))
        file.flush()
        size = temporary.stat().st_size
    folder = path.parent
    _held[folder] = _held.get(folder, MOST) + size  # not known at first: it is looked at
    if _held[folder] > MOST:
        _held[folder] = _make_room(folder)


def _make_room(folder: Path) -> int:
    """Bytes of what is left. Looking at every file takes its time where there are many: not at each
    map."""
    states = []
    for file in folder.glob("*.npz"):
        with suppress(FileNotFoundError):  # another process makes room, too
            states.append((file.stat(), file))
    room, left = MOST, 0
    for state, file in sorted(states, key=lambda each: -each[0].st_mtime):
        room -= state.st_size
        if room < 0:
            file.unlink(missing_ok=True)
        else:
            left += state.st_size
    return left
