import numpy as np
import pytest

from dermxai.data.atlas.optics import DEVICES, Pose, frame, photograph

GREY = np.full((96, 96, 3), 0.4, np.float32)


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.name)
def test_a_photograph_of_grey_is_lit_and_grainy(device):
    picture = photograph(GREY, device, np.random.default_rng(1))
    assert picture.shape == (96, 96, 3)
    assert picture.dtype == np.uint8
    middle = picture[32:64, 32:64]
    assert 90 < middle.mean() < 240
    assert middle.std() > 0.5


def test_corners_are_darker():
    light = [photograph(GREY, device, np.random.default_rng(2)).mean(axis=2) for device in DEVICES]
    for picture in light:
        corners = np.concatenate([picture[:6, :6].ravel(), picture[-6:, -6:].ravel()])
        assert corners.mean() < picture[40:56, 40:56].mean()


def test_a_straight_pose_cuts_out_the_middle():
    sheet = np.arange(144, dtype=np.float32).reshape(12, 12)
    seen = frame(sheet, 8, 1.0, Pose((0, 0), 0, 1, 1))
    np.testing.assert_allclose(seen, sheet[2:10, 2:10], atol=0.05)
