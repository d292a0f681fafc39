import pytest

from dermxai.core.errors import InputError
from dermxai.explain.attribution.api import find_method, methods
from dermxai.explain.attribution.dropped import DROPPED


@pytest.mark.parametrize("name", DROPPED)
def test_a_dropped_method_is_answered_in_one_sentence(name: str) -> None:
    assert name not in methods()
    with pytest.raises(InputError) as caught:
        find_method(name)
    assert str(caught.value) == DROPPED[name]
    assert DROPPED[name].count(".") == 1 and DROPPED[name].endswith(".")
