"""What files with intervals must say of them: level, unit of independence, version of the formulas.

Intervals are found by their ends: "low" and "high", alone or at the end of a name.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from dermxai.metrics import intervals

TOLD = {"level", "independent", "version"}


def _is_end(name: str) -> bool:
    return name.rpartition("_")[2] in ("low", "high")


def ends(content: Any, about: Mapping[str, Any] | None = None) -> Iterator[Mapping[str, Any]]:
    """Of each interval in plain values, what is told of the intervals there: ``intervals`` beside
    it or above.

    Raises:
        AssertionError: nothing is.
    """
    if isinstance(content, Mapping):
        about = content.get("intervals", about)
        for name, value in content.items():
            if _is_end(name) and value is not None:
                assert about is not None, f"{name} without a word on the intervals"
                yield about
            yield from ends(value, about)
    elif isinstance(content, list):
        for each in content:
            yield from ends(each, about)


def check_json(content: Any, independent: str) -> int:
    """How many ends of intervals it holds; all must tell the formulas of now."""
    found = list(ends(content))
    for about in found:
        assert set(about) == TOLD
        assert (about["independent"], about["version"]) == (independent, intervals.VERSION)
        assert about["level"] == 0.95
    return len(found)


def check_rows(rows: list[dict[str, str]], independent: str) -> bool:
    """Whether a table has intervals; each row of one must tell the formulas of now."""
    if not any(map(_is_end, rows[0])):
        return False
    expected = {"level": "0.95", "independent": independent, "version": str(intervals.VERSION)}
    for row in rows:
        assert {name: row[f"interval_{name}"] for name in TOLD} == expected
    return True
