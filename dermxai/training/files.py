"""What trainings and studies write."""

from dataclasses import dataclass
from pathlib import Path

from dermxai.models.files import STUDY, CheckpointFiles


@dataclass(frozen=True)
class TrainingFiles:
    """What a training writes: its output folder is the checkpoint folder of the best state."""

    root: Path

    @property
    def last(self) -> Path:
        """The checkpoint folder of the last state."""
        return self.root / "last"

    @property
    def history(self) -> Path:
        """One row an epoch."""
        return self.root / "history.csv"

    @property
    def about(self) -> Path:
        """What was asked for, and whether it has ended."""
        return self.root / "training.json"

    @property
    def lock(self) -> Path:
        """Held by the process that trains here."""
        return self.root / ".lock"

    @property
    def data(self) -> Path:
        """The sample table as it was when the training began; gone when it has ended."""
        return self.root / "data.parquet"

    @property
    def state(self) -> Path:
        """All that an interrupted training needs to go on; gone when it has ended."""
        return self.root / "training.ckpt"

    @property
    def digest(self) -> Path:
        """SHA-256 of the state; of the one before it, too, while it is being replaced."""
        return self.root / "training.ckpt.sha256"

    @property
    def images(self) -> Path:
        """The prepared images, while training; hidden, since users call theirs "images"."""
        return self.root / ".images"

    @property
    def tensorboard(self) -> Path:
        return self.root / "tensorboard"

    @property
    def tracking(self) -> Path:
        """Its run at a tracking server."""
        return self.root / ".mlflow.json"

    @property
    def learnt(self) -> bool:
        """Whether an epoch has ended."""
        return CheckpointFiles(self.root).model.is_file()


@dataclass(frozen=True)
class StudyFiles:
    """What a cross-validation writes."""

    root: Path

    @property
    def about(self) -> Path:
        """Everything, for programs; written last."""
        return self.root / STUDY

    @property
    def table(self) -> Path:
        """One row a training."""
        return self.root / "study.csv"

    @property
    def card(self) -> Path:
        """The table as the paper prints it."""
        return self.root / "README.md"

    @property
    def begun(self) -> Path:
        """What was asked for."""
        return self.root / "training.json"

    @property
    def lock(self) -> Path:
        """Held by the process that trains here."""
        return self.root / ".lock"

    @property
    def learnt(self) -> bool:
        """Whether one of its trainings has ended an epoch."""
        return any(self.root.glob("*/seed-*/fold-*/model.json"))

    @property
    def data(self) -> Path:
        """The sample table as it was when the study began; gone when it has ended."""
        return self.root / "data.parquet"

    @property
    def images(self) -> Path:
        """The prepared images, which all its trainings share."""
        return self.root / ".images"

    def member(self, network: str, seed: int, fold: int) -> Path:
        """The checkpoint folder of a training."""
        return self.root / network / f"seed-{seed}" / f"fold-{fold}"

    def scores(self, network: str, seed: int, fold: int) -> Path:
        """Its logits of the test images."""
        return self.member(network, seed, fold) / "test.npz"


@dataclass(frozen=True)
class PreparedFiles:
    """Images at one size, ready for training."""

    root: Path
    key: str

    @property
    def images(self) -> Path:
        return self.root / f"{self.key}.npy"

    @property
    def pictures(self) -> Path:
        """The images' perceptual hashes."""
        return self.root / f"{self.key}.pictures.npy"

    @property
    def about(self) -> Path:
        """Which could not be read; written last."""
        return self.root / f"{self.key}.json"

    @property
    def lock(self) -> Path:
        return self.root / f".{self.key}.lock"
