"""What lies in the folder of a checkpoint."""

from dataclasses import dataclass
from pathlib import Path

STUDY = "study.json"
"""In a folder that holds the checkpoints of several trainings."""


@dataclass(frozen=True)
class CheckpointFiles:
    root: Path

    @property
    def weights(self) -> Path:
        return self.root / "weights.safetensors"

    @property
    def weights_index(self) -> Path:
        """Lists the shards of weights too large for one file."""
        return self.root / "weights.safetensors.index.json"

    @property
    def model(self) -> Path:
        return self.root / "model.json"

    @property
    def card(self) -> Path:
        return self.root / "README.md"

    @property
    def training_images(self) -> Path:
        """Which images it was trained and validated on, as digests."""
        return self.root / "division.parquet"

    @property
    def training_features(self) -> Path:
        """Features of the images that it was trained on, to know near-duplicates by."""
        return self.root / "learnt.npz"
