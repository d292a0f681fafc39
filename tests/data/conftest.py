from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

Draw = Callable[..., Path]


@pytest.fixture
def draw(tmp_path: Path) -> Draw:
    """Writes small images, each of its own content, beneath the test's folder."""
    written = 0

    def write(*names: str, folder: Path = tmp_path) -> Path:
        nonlocal written
        for name in names:
            written += 1
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels = np.full((6, 8, 3), written % 256, np.uint8)
            pixels[0, 0] = written // 256
            Image.fromarray(pixels).save(path)
        return folder

    return write
