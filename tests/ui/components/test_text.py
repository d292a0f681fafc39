import math

import pytest

from dermxai.ui.components import text


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("a.jpg", "a.jpg"),
        ("图像 一", "图像 一"),
        ("**b** _i_", r"\*\*b\*\* \_i\_"),
        ("<b>&amp;", r"\<b\>\&amp;"),
        ("two\nlines", "two lines"),
        ("![x](y)", r"\!\[x\](y)"),
        (3, "3"),
    ],
)
def test_plain_leaves_nothing_for_markdown(given: object, shown: str) -> None:
    assert text.plain(given) == shown


@pytest.mark.parametrize("length", range(3, 12))
def test_shortened_keeps_both_ends(length: int) -> None:
    short = text.shortened("abcdefghijkl", length)
    assert len(short) == length
    assert short[0] == "a"
    assert short[-1] == "l"
    assert text.shortened("abc", length) == "abc"


def test_percent_and_interval() -> None:
    assert text.percent(0.1234) == "12.3 %"
    assert text.percent(math.nan) == "–"
    assert text.interval(0.1, 0.25) == "10.0–25.0 %"
    assert text.interval(math.nan, 0.25) == "–"


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.2, "1 s"), (38, "38 s"), (119, "2 min"), (7200, "2.0 h")]
)
def test_duration(seconds: float, said: str) -> None:
    assert text.duration(seconds) == said


def test_count() -> None:
    assert text.count(1, "image") == "1 image"
    assert text.count(13603, "image") == "13,603 images"


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.0, 0.4, "0 to 1 s"),
        (2.1, 2.9, "about 3 s"),
        (2.0, 6.5, "2 to 7 s"),
        (40, 130, "40 s to 2 min"),
        (120, 1200, "2 to 20 min"),
        (3000, 8000, "50 min to 2.2 h"),
    ],
)
def test_a_time_that_is_expected_is_a_range(low: float, high: float, said: str) -> None:
    assert text.span(low, high) == said
