import json
import pickle
from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import model_validator

from dermxai.core.errors import InputError
from dermxai.core.settings import Setting, Settings, checked, described, setting


class Made(Settings):
    count: int = setting(3, "How many", 1, 9)
    share: float = setting(0.5, "How much", 0.0, 1.0, unit="of all")
    way: str = setting("up", "Where to", choices=("up", "down"))
    quiet: bool = setting(False, "Without words")
    side: int | None = setting(None, "Side", 2)
    lines: tuple[str, ...] = setting((), "Lines of text", title="Written lines")
    more: Mapping[str, Any] = setting({}, "Further ones")
    word: str = setting("", "Password", secret=True)

    @model_validator(mode="after")
    def _go_together(self) -> "Made":
        if self.quiet and self.way == "down":
            raise InputError("Nothing goes down quietly; give another way.")
        return self


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, Made()),
        ({}, Made()),
        ({"count": 9, "way": "down"}, Made(count=9, way="down")),
        (Made(count=1, share=0.0), Made(count=1, share=0.0)),
        ({"lines": ["a"], "side": None}, Made(lines=("a",))),
    ],
)
def test_what_is_not_given_has_its_default(given: Any, expected: Made) -> None:
    assert checked("a method", Made, given) == expected


def test_the_same_number_written_otherwise_is_the_same_setting() -> None:
    made = checked("a method", Made, {"count": 4.0, "share": 1, "side": 8.0})
    assert (type(made.count), type(made.share), type(made.side)) == (int, float, int)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"count": 10}, "count of a method is 10; expected a whole number from 1 to 9."),
        ({"count": 2.5}, "count of a method is 2.5; expected a whole number from 1 to 9."),
        ({"count": True}, "count of a method is True; expected a whole number from 1 to 9."),
        ({"count": "3"}, "count of a method is '3'; expected a whole number from 1 to 9."),
        ({"count": None}, "count of a method is None; expected a whole number from 1 to 9."),
        ({"share": "1"}, "share of a method is '1'; expected a number from 0.0 to 1.0."),
        ({"share": float("nan")}, "share of a method is nan; expected a number from 0.0 to 1.0."),
        ({"way": "left"}, "way of a method is 'left'; expected one of up, down."),
        ({"way": 1}, "way of a method is 1; expected one of up, down."),
        ({"quiet": 1}, "quiet of a method is 1; expected true or false."),
        ({"quiet": "yes"}, "quiet of a method is 'yes'; expected true or false."),
        ({"side": 1}, "side of a method is 1; expected a whole number of at least 2."),
        ({"lines": 5}, "lines of a method is 5; expected lines of text."),
        ({"word": 5}, "word of a method is something else than a text."),
        (
            {"colour": 1},
            "There is no setting 'colour' of a method; there are count, share, way, quiet, side, "
            "lines, more, word.",
        ),
        ({"quiet": True, "way": "down"}, "Nothing goes down quietly; give another way."),
        ("count=1", "The settings of a method are 'count=1'; expected names and their values."),
    ],
)
def test_what_is_not_allowed_is_told_with_what_is(given: Any, said: str) -> None:
    with pytest.raises(InputError) as caught:
        checked("a method", Made, given)
    assert str(caught.value) == said


def test_made_directly_the_sentence_is_without_an_owner() -> None:
    with pytest.raises(InputError, match=r"^count is 0; expected a whole number from 1 to 9\.$"):
        Made(count=0)
    with pytest.raises(InputError, match=r"^There is no setting 'x'; there are count, share"):
        Made(x=1)
    with pytest.raises(InputError, match="count is 99"):
        Made().replaced(count=99)


def test_they_are_frozen_hashable_and_kept() -> None:
    made = Made(count=5, more={})
    with pytest.raises(ValueError, match="frozen"):
        made.count = 6  # type: ignore[misc]
    assert made.replaced(count=6).count == 6 and made.count == 5
    assert pickle.loads(pickle.dumps(made)) == made
    assert Made(**json.loads(json.dumps(made.model_dump()))) == made


def test_forms_and_schemas_know_what_the_fields_say() -> None:
    known = {each.name: each for each in described(Made)}
    assert known["count"] == Setting("count", int, 3, "How many", 1, 9, (), "")
    assert known["share"].unit == "of all" and known["way"].choices == ("up", "down")
    assert known["side"].kind is int and known["side"].high is None
    schema = Made.model_json_schema()["properties"]
    assert (schema["count"]["minimum"], schema["count"]["maximum"]) == (1, 9)
    assert schema["way"]["enum"] == ["up", "down"] and schema["word"]["writeOnly"]
    assert schema["share"]["unit"] == "of all"
    assert (known["lines"].title, known["more"].title) == ("Written lines", "")
    assert (schema["lines"]["title"], schema["more"]["title"]) == ("Written lines", "More")


class Held(Settings):
    texts: tuple[str, ...] = setting((), "Texts")
    wholes: tuple[int, ...] = setting((), "Whole numbers")
    numbers: Mapping[str, float] = setting({}, "Numbers")
    switches: Mapping[str, bool] = setting({}, "Switches")
    deep: Mapping[str, Mapping[str, object]] | None = setting(None, "Of plug-ins")
    word: tuple[str, ...] = setting((), "Passwords", secret=True)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"texts": ["a", 3]}, "texts.1 is 3; expected a text."),
        ({"texts": [b"a"]}, "texts.0 is b'a'; expected a text."),
        ({"texts": {"a"}}, "texts is {'a'}; expected"),
        ({"wholes": ["3"]}, "wholes.0 is '3'; expected a whole number."),
        ({"wholes": [True]}, "wholes.0 is True; expected a whole number."),
        ({"wholes": [3.5]}, "wholes.0 is 3.5; expected a whole number."),
        ({"numbers": {"x": "3"}}, "numbers.x is '3'; expected a number."),
        ({"numbers": {"x": True}}, "numbers.x is True; expected a number."),
        ({"switches": {"x": "yes"}}, "switches.x is 'yes'; expected true or false."),
        ({"switches": {"x": 1}}, "switches.x is 1; expected true or false."),
        ({"deep": {"x": {"y": [float("nan")]}}}, "deep.x.y.0 is nan; expected a finite number."),
        ({"deep": {"x": {"y": {1}}}}, "deep.x.y is {1}; expected text, numbers, lists or tables."),
        ({"deep": {"x": object}}, "deep.x is <class 'object'>; expected"),
    ],
)
def test_what_a_list_or_table_holds_is_checked_as_strictly(given: Any, said: str) -> None:
    with pytest.raises(InputError) as refused:
        Held(**given)
    assert str(refused.value).startswith(said)


def test_whole_numbers_within_may_be_written_with_a_point() -> None:
    held = Held(wholes=[3.0, 4], numbers={"x": 3}, deep={"x": {"y": [1, None, "z", 0.5]}})
    assert held.wholes == (3, 4) and held.numbers["x"] == 3


def test_a_secret_within_a_list_is_not_shown() -> None:
    with pytest.raises(InputError) as refused:
        Held(word=["hunter2", 31337])
    assert "hunter2" not in str(refused.value) and "31337" not in str(refused.value)
