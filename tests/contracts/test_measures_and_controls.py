"""Every faithfulness measure and control map that is discovered keeps its contract."""

import pytest

from dermxai.explain.faithfulness.contract import control_faults, measure_faults
from dermxai.explain.faithfulness.measure import control_maps, measures


@pytest.mark.parametrize("name", measures())
def test_a_measure_keeps_it(name: str) -> None:
    assert list(measure_faults(measures()[name])) == []


@pytest.mark.parametrize("name", control_maps())
def test_a_control_map_keeps_it(name: str) -> None:
    assert list(control_faults(control_maps()[name])) == []
