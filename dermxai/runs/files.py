"""What lies in the folder of a run."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RunFiles:
    root: Path

    @property
    def manifest(self) -> Path:
        """Written last: a run is complete when this file exists."""
        return self.root / "run.json"

    @property
    def plan(self) -> Path:
        """What an unfinished run is about to hold."""
        return self.root / "plan.json"

    @property
    def sharing(self) -> Path:
        """Which processes share the work on an unfinished run."""
        return self.root / "sharing.txt"

    @property
    def sharing_lock(self) -> Path:
        return self.root / ".sharing.lock"

    @property
    def samples(self) -> Path:
        return self.root / "samples.parquet"

    @property
    def fingerprints(self) -> Path:
        """What tells each image's file from another; absent from runs of earlier versions."""
        return self.root / "fingerprints.npy"

    @property
    def pictures(self) -> Path:
        """The images' perceptual hashes; absent from runs of earlier versions."""
        return self.root / "pictures.npy"

    @property
    def probabilities(self) -> Path:
        """Those of imported predictions, as they were given; absent where they are the softmax of
        the logits."""
        return self.root / "probabilities.npy"

    @property
    def flips(self) -> Path:
        """Logits of the images flipped; absent where they were not asked for."""
        return self.root / "flips.npz"

    @property
    def spaces(self) -> Path:
        """Features that came from files."""
        return self.root / "features"

    def features(self, name: str) -> Path:
        return self.spaces / f"{name}.npy"

    def about_features(self, name: str) -> Path:
        return self.spaces / f"{name}.json"

    @property
    def clusters(self) -> Path:
        """Of feature spaces."""
        return self.root / "clusters"

    @property
    def probes(self) -> Path:
        """What was asked of single images: counterfactuals and robustness."""
        return self.root / "probes"

    def probe(self, name: str) -> Path:
        return self.probes / f"{name}.npz"

    @property
    def image_quality(self) -> Path:
        """Absent until it is measured."""
        return self.root / "image-quality.parquet"

    @property
    def read(self) -> tuple[Path, ...]:
        """What opening a run reads."""
        arrays = (self.logits, self.pooled, self.probabilities, self.fingerprints, self.pictures)
        return (self.manifest, self.samples, *arrays)

    @property
    def near_duplicates(self) -> Path:
        """Those between splits."""
        return self.root / "near-duplicates.parquet"

    @property
    def logits(self) -> Path:
        return self.root / "logits.npy"

    @property
    def pooled(self) -> Path:
        return self.root / "pooled.npy"

    @property
    def shards(self) -> Path:
        return self.root / "shards"

    def shard(self, index: int) -> Path:
        return self.shards / f"{index:06d}.npz"

    @property
    def lock(self) -> Path:
        return self.root / ".lock"
