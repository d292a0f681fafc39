"""The folder that the guides are written for."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image


@pytest.fixture
def lesions(
    tmp_path: Path,
    tiny_checkpoint: Path,
    photograph: NDArray[np.uint8],
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """The current folder: ``lesions`` of two classes and of one that the model does not know, the
    largest; and under the embedded checkpoint's name a tiny one, which lies nearer than that."""
    (tmp_path / "atlas-b4-heads").symlink_to(tiny_checkpoint)
    rng = np.random.default_rng(0)
    for index in range(12):
        label = ("EAD", "mel", "SD", "mel")[index % 4]
        folder = tmp_path / "lesions" / label / f"patient {index % 6}"
        folder.mkdir(parents=True, exist_ok=True)
        noise = rng.integers(-30, 30, photograph.shape)
        image = (photograph + noise).clip(0, 255).astype(np.uint8)
        Image.fromarray(image).save(folder / f"{index}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path
