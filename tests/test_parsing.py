from dataclasses import dataclass

import pytest

from dermxai.errors import InputError
from dermxai.parsing import typed


@dataclass(frozen=True)
class Settings:
    steps: int = 8
    rate: float = 0.1
    signed: bool = True
    mode: str = "fast"


def test_settings_take_the_kind_of_their_default() -> None:
    given = typed(Settings, ["steps=12", "rate=1e-3", "signed=no", "mode=a=b"])
    assert given == {"steps": 12, "rate": 0.001, "signed": False, "mode": "a=b"}


@pytest.mark.parametrize(
    ("pair", "complaint"),
    [
        ("steps", "name=value"),
        ("colour=red", "steps, rate, signed, mode"),
        ("steps=1.5", "whole number"),
        ("rate=fast", "a number"),
        ("signed=perhaps", "true or false"),
    ],
)
def test_settings_that_cannot_be_are_refused(pair: str, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        typed(Settings, [pair])
