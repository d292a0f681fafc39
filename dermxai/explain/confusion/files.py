"""What is kept with a run of contrast maps of two classes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True)
class PairFiles:
    root: Path

    @classmethod
    def of(cls, run: Path) -> Self:
        """
        Args:
            run: its folder.
        """
        return cls(run / "pairs")

    def maps(self, name: str) -> Path:
        """Averaged."""
        return self.root / f"{name}.npz"

    def parts(self, name: str) -> Path:
        """What an average has of its images; gone when it is complete."""
        return self.root / f"{name}.parts"

    def part(self, name: str, index: int) -> Path:
        return self.parts(name) / f"{index:06d}.npz"

    def lock(self, name: str) -> Path:
        return self.root / f".{name}.lock"
