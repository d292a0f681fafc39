"""Short runs of the benchmark of levels and coverage, wide enough for chance."""

import pytest

from benchmarks.level_readers import (
    COEFFICIENTS,
    by_areas,
    by_areas_of_fewer,
    coverage,
    level,
    level_of_device,
)

SIZE = (5, 50, 50)


def test_the_level_is_near_five_percent() -> None:
    assert 0.01 < level(by_areas, "HL", SIZE, 150, seed=5) < 0.1
    assert 0.01 < level(by_areas_of_fewer, "LH", SIZE, 150, seed=5) < 0.1
    assert 0.01 < level_of_device("LH", SIZE, 150, seed=5) < 0.1


@pytest.mark.parametrize("name", COEFFICIENTS)
def test_intervals_of_agreement_hold_the_truth(name: str) -> None:
    assert coverage(name, 25, 100, seed=5) > 0.88
