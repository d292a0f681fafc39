"""Where slices and annotations of a dataset lie in the workspace."""

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Self

from dermxai.core import paths


def slices_folder() -> Path:
    """Of all datasets: a folder each."""
    return paths.home() / "slices"


@dataclass(frozen=True)
class SliceFiles:
    root: Path

    @classmethod
    def of(cls, dataset: str | Path) -> Self:
        """Those of the dataset at a path, or at what the path links to."""
        place = os.fsencode(os.path.realpath(paths.named(dataset)))
        return cls(slices_folder() / sha256(place).hexdigest()[:32])

    @property
    def slices(self) -> Path:
        return self.root / "slices"

    @property
    def annotations(self) -> Path:
        return self.root / "annotations"

    @property
    def lock(self) -> Path:
        """Held by who changes something."""
        return self.root / ".lock"

    def slice(self, name: str) -> Path:
        return self.slices / f"{_hash(name)}.json"

    def annotations_of(self, person: str) -> Path:
        return self.annotations / f"{_hash(person)}.json"


def _hash(name: str) -> str:
    return sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]
