from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from dermxai.ui.components.thumbnails import SIDE, jpeg, thumbnails


def test_the_square_middle_of_an_image(tmp_path: Path) -> None:
    picture = np.zeros((300, 900, 3), np.uint8)
    picture[:, 300:600] = (250, 10, 10)
    Image.fromarray(picture).save(tmp_path / "wide.png")
    (small,) = thumbnails([str(tmp_path / "wide.png")])
    assert small is not None
    seen = np.asarray(Image.open(BytesIO(small)))
    assert seen.shape == (SIDE, SIDE, 3)
    assert np.abs(seen.astype(int) - (250, 10, 10)).max() < 12


def test_what_cannot_be_read_is_none_and_does_not_stop_others(tmp_path: Path) -> None:
    Image.new("RGB", (5, 3)).save(tmp_path / "tiny.png")
    (tmp_path / "broken.png").write_bytes(b"no image")
    names = ["tiny.png", "broken.png", "missing.png"]
    tiny, broken, missing = thumbnails([str(tmp_path / name) for name in names])
    assert tiny is not None
    assert broken is missing is None


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    import os

    file = tmp_path / "a.png"
    Image.new("RGB", (50, 50), "white").save(file)
    before = thumbnails([str(file)])
    Image.new("RGB", (50, 50), "black").save(file)
    os.utime(file, (1, 1))
    assert thumbnails([str(file)]) != before


def test_jpeg_is_small() -> None:
    assert len(jpeg(np.full((240, 240, 3), 128, np.uint8))) < 4000
