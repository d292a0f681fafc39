from pathlib import Path

import pytest
from PIL import Image

from dermxai.ui.session.caches import everything, pixels


def test_two_large_images_side_by_side_are_decoded_once_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything.clear()
    decoded: list[str] = []
    read = pixels.read_image
    monkeypatch.setattr(pixels, "read_image", lambda path, **_: decoded.append(path) or read(path))
    for name in ("a", "b"):
        Image.new("RGB", (4000, 3000), "tan").save(tmp_path / f"{name}.png")
    for _ in range(3):
        for name in ("a", "b"):
            assert pixels.image(str(tmp_path / f"{name}.png"), 1, False).shape == (3000, 4000, 3)
    assert len(decoded) == 2
    everything.clear()
