"""What is kept with a run of its projections."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True)
class ProjectionFiles:
    root: Path

    @classmethod
    def of(cls, run: Path) -> Self:
        """
        Args:
            run: its folder.
        """
        return cls(run / "projections")

    def coordinates(self, name: str) -> Path:
        return self.root / f"{name}.npz"

    def lock(self, name: str) -> Path:
        return self.root / f".{name}.lock"
