from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from dermxai.core.errors import InputError, NoRoomError
from dermxai.explain.attribution import api
from dermxai.explain.attribution.method import METHODS, completeness
from dermxai.models.capabilities import AVERAGE, CHANNELS_FIRST, Capabilities, Layout


def test_the_completeness_gap_in_words():
    assert completeness(1.5, 2.0) == "Completeness gap −0.500 of a change of +2.000 (25.0 %)."
    assert completeness(2.0, 2.0 + 1e-5) == "Completeness gap +0.000 of a change of +2.000 (0.0 %)."
    assert completeness(0.5, 0.0) == "Completeness gap +0.500 of a change of +0.000 (–)."


def method(unavailable: Any = lambda *_: None, passes: Any = lambda *_: 1) -> Any:
    """One whose answers are given."""
    saliency = METHODS.find("saliency")
    kind = type("Mine", (type(saliency),), {"unavailable": unavailable, "passes": passes})
    made = object.__new__(kind)
    vars(made).update(vars(replace(saliency, name="mine", title="Mine")))
    return made


NETWORK: Any = SimpleNamespace(capabilities=Capabilities(8, True, Layout(CHANNELS_FIRST), AVERAGE))


def raises(error: BaseException) -> Any:
    def ask(*_: object) -> None:
        raise error

    return ask


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (method(), None),
        (method(unavailable=lambda *_: "Not here."), "Not here."),
        (
            method(unavailable=raises(KeyError("x"))),
            "It cannot say whether it is valid here",
        ),
        (method(passes=raises(ValueError("y"))), "whether it is valid here (ValueError: y)."),
        (method(passes=lambda *_: "many"), "says that a map takes 'many' passes; expected a whole"),
        (method(passes=lambda *_: True), "says that a map takes True passes"),
        (method(unavailable=lambda *_: "No.", passes=raises(KeyError("x"))), "No."),
    ],
)
def test_one_that_fails_when_it_is_asked_is_not_available_and_stops_no_other(
    made: Any, reason: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = made.excuse(NETWORK)
    assert said == reason if reason is None else reason in said
    monkeypatch.setattr(api, "find_method", lambda name: made)
    if reason is not None:
        with pytest.raises(InputError, match="Mine is not available for this network"):
            api.valid_method("mine", NETWORK)


def test_too_little_memory_is_no_fault_of_the_method() -> None:
    with pytest.raises(NoRoomError):
        method(unavailable=raises(NoRoomError("full"))).excuse(NETWORK)
