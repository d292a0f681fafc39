"""Where a student looked: shares and distances, against the definition written out."""

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from dermxai.lessons import marks


@pytest.mark.parametrize("seed", range(5))
def test_the_share_that_is_stronger_is_counted(seed: int) -> None:
    rng = np.random.default_rng(seed)
    map_ = rng.normal(size=(7, 11))
    for row in range(7):
        for column in range(11):
            point = ((column + rng.random()) / 11, (row + rng.random()) / 7)
            counted = sum(value > map_[row, column] for value in map_.ravel()) / map_.size
            assert marks.stronger_share(point, map_) == pytest.approx(counted)
    assert marks.stronger_share((1.0, 1.0), map_) == marks.stronger_share((0.99, 0.99), map_)
    assert marks.stronger_share((0.5, 0.5), np.zeros((4, 4))) == 0


@pytest.mark.parametrize("seed", range(5))
def test_distances_are_those_of_scipy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask = rng.random((9, 13)) > 0.9
    mask[rng.integers(9), rng.integers(13)] = True
    away = distance_transform_edt(~mask)
    for row in range(9):
        for column in range(13):
            found = marks.distance(((column + 0.5) / 13, (row + 0.5) / 9), mask)
            assert found * np.hypot(9, 13) == pytest.approx(away[row, column])


def test_what_is_not_known_is_none() -> None:
    nothing = marks.compared((0.5, 0.5), None, np.zeros((3, 3), bool))
    assert (nothing.stronger, nothing.distance, nothing.on_signs) == (None, None, None)
    mask = np.zeros((100, 100), bool)
    mask[50, 50] = True
    assert marks.compared((0.52, 0.52), None, mask).on_signs is True
    assert marks.compared((0.9, 0.9), None, mask).on_signs is False
