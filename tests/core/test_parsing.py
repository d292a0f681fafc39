from collections.abc import Mapping

import pytest

from dermxai.core.errors import InputError
from dermxai.core.parsing import typed
from dermxai.core.settings import Settings, checked, setting
from dermxai.core.values import Scalar
from dermxai.training.recipe import Recipe


class Made(Settings):
    steps: int = setting(8, "How many", 1, 9999)
    rate: float = setting(0.1, "How fast", 0.0, 1.0)
    signed: bool = setting(True, "With signs")
    mode: str = setting("fast", "How")
    way: str = setting("up", "Where to", choices=("up", "down"))
    side: int | None = setting(None, "Side", 1, 9)
    lines: tuple[str, ...] = setting((), "Lines")
    more: Mapping[str, Scalar] = setting({}, "Further ones")


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        (["steps=12", "rate=1e-3", "signed=no"], {"steps": 12, "rate": 0.001, "signed": False}),
        (["steps=12.0"], {"steps": 12}),
        (["steps=1e3", " rate = 1"], {"steps": 1000, "rate": 1.0}),
        (["mode=a=b", "signed= Yes "], {"mode": "a=b", "signed": True}),
        (["side=", "lines="], {"side": None, "lines": []}),
        (["side=none", "lines=a, b"], {"side": None, "lines": ["a", "b"]}),
        (["side=4.0", 'lines=["a,b"]'], {"side": 4, "lines": ["a,b"]}),
        (['more={"qos": 1}'], {"more": {"qos": 1}}),
    ],
)
def test_texts_are_read_as_the_setting_is(pairs: list[str], expected: dict[str, object]) -> None:
    found = typed(Made, pairs)
    assert found == expected
    assert [type(value) for value in found.values()] == [type(each) for each in expected.values()]
    checked("it", Made, found)


@pytest.mark.parametrize(
    ("pair", "complaint"),
    [
        ("steps", "'steps' came where name=value was expected."),
        (
            "colour=red",
            "There is no setting 'colour'; there are steps, rate, signed, mode, way, side, lines, "
            "more.",
        ),
        ("steps=1.5", "steps is '1.5'; expected a whole number from 1 to 9999."),
        ("steps=inf", "steps is 'inf'; expected a whole number from 1 to 9999."),
        ("steps=", "steps is ''; expected a whole number from 1 to 9999."),
        ("rate=fast", "rate is 'fast'; expected a number from 0.0 to 1.0."),
        ("signed=perhaps", "signed is 'perhaps'; expected true or false."),
        ("steps=nan", "steps is 'nan'; expected a whole number from 1 to 9999."),
        ("side=x", "side is 'x'; expected a whole number from 1 to 9."),
    ],
)
def test_settings_that_cannot_be_are_refused(pair: str, complaint: str) -> None:
    with pytest.raises(InputError) as caught:
        typed(Made, [pair])
    assert str(caught.value) == complaint


@pytest.mark.parametrize(
    "pair",
    ["steps=" + "9" * 5000, "rate=nan", "rate=1e400", "way=left", "lines=[" + "[" * 5000,
     "more=" + "[" * 5000, "more=x", "lines=[1]", "side=10", "mode=\ud800", "\ud800=1",
     "x" * 100_000, "steps=" + "x" * 100_000],
)  # fmt: skip
def test_hostile_texts_are_refused_in_a_sentence(pair: str) -> None:
    with pytest.raises(InputError) as caught:
        checked("it", Made, typed(Made, [pair]))
    assert len(str(caught.value)) < 500 and str(caught.value).isprintable()


def test_a_text_and_a_value_out_of_bounds_are_told_alike() -> None:
    said = set()
    for call in (
        lambda: Recipe(**typed(Recipe, ["epochs=0"])),
        lambda: Recipe(epochs=0),
        lambda: Recipe().replaced(epochs=0),
    ):
        with pytest.raises(InputError) as caught:
            call()
        said.add(str(caught.value))
    assert said == {"epochs is 0; expected a whole number from 1 to 1000."}
