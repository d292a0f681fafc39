"""What examples in docstrings are run on."""

from pathlib import Path

import numpy as np
from PIL import Image


def images(folder: Path) -> None:
    """Twelve images of two classes in folders."""
    rng = np.random.default_rng(0)
    for index in range(12):
        file = folder / ("BCC" if index % 2 else "MN") / f"{index}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (40, 60, 3), np.uint8)).save(file)
