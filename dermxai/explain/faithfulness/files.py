"""What is kept with a run of the faithfulness of its maps."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True)
class FaithfulnessFiles:
    """Faithfulness of the maps of a run's images: evaluations, and the scores they share."""

    root: Path

    @classmethod
    def of(cls, run: Path) -> Self:
        """
        Args:
            run: its folder.
        """
        return cls(run / "quality")

    def asked(self, name: str) -> Path:
        """What an evaluation was to find out. Written last: it is complete when this file
        exists."""
        return self.root / f"{name}.json"

    def table(self, name: str) -> Path:
        return self.root / f"{name}.parquet"

    def scores(self, key: str) -> Path:
        """Of one image, for all evaluations."""
        return self.root / "scores" / f"{key}.json"

    @property
    def lock(self) -> Path:
        """Held by the process that evaluates this run's maps."""
        return self.root / ".lock"
