from dataclasses import dataclass, field

import pytest

from dermxai.errors import InputError
from dermxai.settings import settings_of


@dataclass(frozen=True)
class Settings:
    count: int = field(default=3, metadata={"help": "How many", "low": 1, "high": 9})
    share: float = field(default=0.5, metadata={"help": "How much", "low": 0.0, "high": 1.0})
    way: str = field(default="up", metadata={"help": "Where to", "choices": ("up", "down")})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, Settings()),
        ({}, Settings()),
        ({"count": 9, "way": "down"}, Settings(9, 0.5, "down")),
        (Settings(1, 0.0), Settings(1, 0.0)),
    ],
)
def test_what_is_not_given_has_its_default(given, expected) -> None:
    assert settings_of("a method", Settings, given) == expected


def test_the_same_number_written_otherwise_is_the_same_setting() -> None:
    made = settings_of("a method", Settings, {"count": 4.0, "share": 1})
    assert (type(made.count), type(made.share)) == (int, float)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"count": 10}, "count of a method is 10; give a whole number from 1 to 9."),
        ({"count": 2.5}, "count of a method is 2.5; give a whole number from 1 to 9."),
        ({"count": True}, "count of a method is True; give a whole number from 1 to 9."),
        ({"share": "1"}, "share of a method is '1'; give a number from 0.0 to 1.0."),
        ({"share": float("nan")}, "share of a method is nan; give a number from 0.0 to 1.0."),
        ({"way": "left"}, "way of a method is 'left'; choose from up, down."),
        ({"colour": 1}, "a method has no setting 'colour'; its settings: count, share, way."),
        ("count=1", "The settings of a method are 'count=1'; expected names and their values."),
    ],
)
def test_what_is_not_allowed_is_told_with_what_is(given, said) -> None:
    with pytest.raises(InputError) as caught:
        settings_of("a method", Settings, given)
    assert str(caught.value) == said
