from collections.abc import Callable

import numpy as np
import pytest

from dermxai.ui.session.caches import everything, explanations, memory
from dermxai.ui.session.caches.memory import RESULTS


def test_a_result_is_computed_once_however_its_arguments_are_given() -> None:
    everything.clear()
    asked: list[tuple[object, ...]] = []

    @memory.kept()
    def found(name: str, options: object = None, *, leaks: bool = True) -> None:
        asked.append((name, options, leaks))  # and the result is None

    for _ in range(2):
        found("a")
        found("a", None)
        found(name="a", leaks=True)
    found("a", leaks=False)
    found("a", {"classes": ["x", "y"]})
    found("a", {"classes": ["x", "y"]})
    assert asked == [("a", None, True), ("a", None, False), ("a", {"classes": ["x", "y"]}, True)]
    everything.clear()
    found("a")
    assert len(asked) == 4


def test_all_results_share_one_room(monkeypatch: pytest.MonkeyPatch) -> None:
    everything.clear()
    monkeypatch.setattr(RESULTS, "limit", 10 * 2**20)
    for index in range(40):
        explanations.perturbed().put(index, np.zeros(2**20, np.uint8))
        explanations.diagnoses().put(index, np.zeros(2**19, np.uint8))
    assert RESULTS.held <= 10 * 2**20
    assert explanations.perturbed().get(39) is not None and explanations.perturbed().get(0) is None
    everything.clear()
    assert RESULTS.held == 0


@pytest.mark.parametrize(
    ("said", "megabytes"), [("100", 100), ("0.5", 0.5), ("", 160), ("much", 160)]
)
def test_the_limit_can_be_said(
    said: str, megabytes: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(memory.LIMIT, said)
    assert memory.limit() == megabytes * 2**20


def test_functions_of_one_name_in_two_modules_keep_results_of_their_own() -> None:
    def made(module: str) -> Callable[[str], str]:
        def found(name: str) -> str:
            return f"{name} of {module}"

        found.__module__ = module
        return memory.kept()(found)

    first, second = made("first"), made("second")
    for _ in range(2):
        assert (first("a"), second("a")) == ("a of first", "a of second")
