"""What remedies keep in the folder of a run."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RemedyFiles:
    root: Path

    @property
    def looks(self) -> Path:
        """Which stacks the test images were looked at with."""
        return self.root / "test-looks.json"

    def near_copies(self, question: str) -> Path:
        """Which images have a near-duplicate among others, by a digest of what was asked."""
        return self.root / "near-copies" / f"{question}.npz"

    @property
    def lock(self) -> Path:
        return self.root / ".test-looks.lock"
