import math

import pytest

from dermxai.numbers import points


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ((-0.004, -0.012, 0.003), "−0.4 pp (−1.2 to +0.3)"),
        ((0.25,), "+25.0 pp"),
        ((-0.0001, math.nan, math.nan), "+0.0 pp"),
        ((math.nan, -0.1, 0.1), "–"),
    ],
)
def test_a_difference_of_shares_is_in_percentage_points(
    given: tuple[float, ...], told: str
) -> None:
    assert points(*given) == told


def test_and_as_fine_as_is_asked_for() -> None:
    assert points(0.123, 0.05, 0.2, digits=0) == "+12 pp (+5 to +20)"
