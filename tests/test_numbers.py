import json
import math

import numpy as np
import pytest

from dermxai.numbers import jsonable, points


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


def test_json_has_no_number_for_nan() -> None:
    given = {
        1: [math.nan, (math.inf, 2)],
        "array": np.array([[1.5, np.nan]]),
        "number": np.float32(0.5),
        "truth": np.bool_(True),
        "text": "nan",
    }
    expected = {
        "1": [None, [None, 2]],
        "array": [[1.5, None]],
        "number": 0.5,
        "truth": True,
        "text": "nan",
    }
    assert json.loads(json.dumps(jsonable(given), allow_nan=False)) == expected
