from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dermxai.explain.confusion.lesion_frame import box_of, framed
from dermxai.explain.confusion.pair_maps import SIDE


def test_a_frame_shows_its_box_and_nothing_beyond_the_image():
    rows, columns = np.mgrid[0:40, 0:60].astype(np.float32) + 0.5
    seen = framed(columns / 60, (0.25, 0.0, 0.75, 1.0))
    np.testing.assert_allclose(seen[SIDE // 2, [0, -1]], [0.25, 0.75], atol=0.01)
    seen = framed(np.dstack([rows / 40] * 3), (0.0, -0.5, 1.0, 1.5))
    assert np.isnan(seen[: SIDE // 4 - 1]).all() and np.isnan(seen[-SIDE // 4 + 1 :]).all()
    np.testing.assert_allclose(seen[SIDE // 2, :, 0], 0.5, atol=0.02)


def test_the_box_of_a_mask_has_a_quarter_of_its_sides_around_it(tmp_path: Path) -> None:
    mask = np.zeros((40, 80), np.uint8)
    mask[10:30, 20:60] = 255
    Image.fromarray(mask).save(tmp_path / "m.png")
    assert box_of(str(tmp_path / "m.png")) == pytest.approx((0.125, 0.125, 0.875, 0.875))
    Image.fromarray(0 * mask).save(tmp_path / "empty.png")
    for nothing in (str(tmp_path / "empty.png"), str(tmp_path / "absent.png"), None, np.nan):
        assert box_of(nothing) is None
