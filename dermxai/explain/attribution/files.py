"""Where maps that were computed before lie."""

from pathlib import Path

from dermxai.core.paths import home


def maps_folder() -> Path:
    return home() / "attributions"


def map_file(name: str) -> Path:
    """A map that was computed before."""
    return maps_folder() / f"{name}.npz"
