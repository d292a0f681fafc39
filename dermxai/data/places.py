"""Where the synthetic atlas, selections and unpacked images lie."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from dermxai.core import entries
from dermxai.core.entries import UnusableError
from dermxai.core.paths import datasets, home

DEMO_VERSION = 2
GENERATOR = "dermxai atlas"
"""In the settings that an atlas was drawn with."""


def demo_dataset() -> Path:
    """The synthetic atlas, once the demo has been started; another one of each version."""
    return datasets() / f"atlas-v{DEMO_VERSION}"


def first_demo_dataset() -> Path:
    """The atlas of the demo's first version, in workspaces that are that old."""
    return datasets() / "atlas"


def place_of(archive: str | Path) -> str:
    """The name under which what is unpacked of an archive lies, see `unpacked_folder`."""
    return sha256(str(Path(archive).resolve()).encode()).hexdigest()[:16]


def unpacked_folder(archive: str = "") -> Path:
    """Folder of what was unpacked of an archive, or of all."""
    return home() / "arrays" / archive


def unpacked_file(archive: str, split: str, state: str) -> Path:
    """Images of a compressed archive in one of its states, unpacked so that they can be
    memory-mapped; the other states of a split lie beside it."""
    return unpacked_folder(archive) / f"{split}-{state}.npy"


def selections_folder() -> Path:
    return home() / "selections"


def selection_file(key: str) -> Path:
    return selections_folder() / f"{key}.json"


def mappings_folder() -> Path:
    return home() / "mappings"


def mapping_file(key: str) -> Path:
    """What a person has said of a dataset's columns, labels and folders."""
    return mappings_folder() / f"{key}.json"


@dataclass(frozen=True)
class AtlasFiles:
    root: Path

    @property
    def table(self) -> Path:
        return self.root / "samples.csv"

    @property
    def about(self) -> Path:
        """The settings that the atlas was drawn with."""
        return self.root / "atlas.json"

    @property
    def partial(self) -> Path:
        """Where it is being written."""
        return self.root.with_name(f".{self.root.name}.partial")

    @property
    def lock(self) -> Path:
        """Held by the process that writes it."""
        return self.root.with_name(f".{self.root.name}.partial.lock")


def is_atlas(dataset: Path) -> bool:
    """Whether a dataset is an atlas, whose images are drawn: no patient is in them. Not so where it
    cannot be looked into."""
    try:
        told = entries.read_json(AtlasFiles(dataset).about, {"generator": str, "images": int})
    except UnusableError:
        return False
    return bool(told["generator"] == GENERATOR)
