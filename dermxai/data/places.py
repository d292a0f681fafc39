"""Where the synthetic atlas, selections and unpacked images lie."""

from dataclasses import dataclass
from pathlib import Path

from dermxai.core.paths import datasets, home

DEMO_VERSION = 2


def demo_dataset() -> Path:
    """The synthetic atlas, once the demo has been started; another one of each version."""
    return datasets() / f"atlas-v{DEMO_VERSION}"


def first_demo_dataset() -> Path:
    """The atlas of the demo's first version, in workspaces that are that old."""
    return datasets() / "atlas"


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
