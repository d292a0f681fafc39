"""A quick part of `benchmarks.coverage_changes`."""

from benchmarks.coverage_changes import NAMES, Cell, cells, covered


def test_intervals_of_changes_cover() -> None:
    cell = Cell("poisson", 0.3, 50, 0.5, 0.8, 0.0)
    assert cell in cells()
    table = covered((cell, 20, NAMES)).set_index("measure")
    held = (1 - table["above"] - table["below"]).dropna()
    assert len(held) > 30
    assert (held >= 0.75).all(), "more than 5 of 20 missed, of 95 %: one measure in 3,000"
