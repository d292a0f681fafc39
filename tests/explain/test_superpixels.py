import numpy as np
import pytest
from skimage.measure import label

from dermxai.explain.superpixels import superpixels


@pytest.mark.parametrize("count", [8, 40])
def test_every_pixel_lies_in_one_connected_piece(photograph, count: int):
    pieces = superpixels(photograph, count)
    assert pieces.shape == photograph.shape[:2]
    numbers = np.unique(pieces)
    np.testing.assert_array_equal(numbers, np.arange(len(numbers)))
    assert 0.5 * count < len(numbers) < 1.5 * count
    assert label(pieces + 1, connectivity=1).max() == len(numbers)


def test_pieces_follow_edges():
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[20:45, 10:50] = 255
    pieces = superpixels(picture, 20)
    for number in range(pieces.max() + 1):
        inside = (picture[pieces == number] > 0).mean()
        assert min(inside, 1 - inside) < 0.1
