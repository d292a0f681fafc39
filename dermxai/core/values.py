"""Values of settings: what numbers, lists and tables may hold, and how a sentence shows them."""

import types
from collections.abc import Mapping, Sequence
from enum import Enum
from math import isfinite
from numbers import Real
from pathlib import PurePath
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, PlainValidator, WithJsonSchema

from dermxai.core.errors import KINDS, InputError

PLAIN = (bool, int, float, str)
"""Kinds that a form asks for."""
_HOLDERS = (Sequence, Mapping, tuple)
_ANYTHING = (object, Any)  # of an annotation
_LEAVES = (str, Real, types.NoneType, Mapping, list, tuple, Enum, PurePath, BaseModel)
"""What lists and tables of anything may hold."""
LARGEST = 1e300  # of a number without bounds of its own
_DEEPEST = 20  # lists and tables within each other
_SHOWN = 200  # characters of a value that is refused


def _number(value: object) -> int | float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError("no number")
    if not -LARGEST <= value <= LARGEST:
        raise ValueError("no number")
    return value


def _scalar(value: object) -> bool | int | float | str:
    return value if isinstance(value, bool | str) else _number(value)


Number = Annotated[int | float, PlainValidator(_number), WithJsonSchema({"type": "number"})]
"""Of a list or table of `Settings`; 3 stays 3."""
Whole = Annotated[int, BeforeValidator(_number)]
"""Of a list or table of `Settings`; 3.0 becomes 3."""
Scalar = Annotated[
    bool | int | float | str,
    PlainValidator(_scalar),
    WithJsonSchema({"type": ["boolean", "number", "string"]}),
]
"""Of a list or table of `Settings`."""


class SettingError(InputError):
    """A value that is not allowed.

    Attributes:
        subject: the setting's name.
        rest: of the sentence: what came and what was expected.
    """

    def __init__(self, subject: str, rest: str) -> None:
        super().__init__(f"{subject} {rest}")
        self.subject, self.rest = subject, rest


def kinds_of(annotation: object) -> tuple[object, ...]:
    """(int, NoneType) of ``int | None``."""
    if get_origin(annotation) in (Union, types.UnionType):
        return get_args(annotation)
    return (annotation,)


def _within(value: object) -> list[object]:
    """What a list or table holds, names included."""
    if isinstance(value, Mapping):
        return [*value, *value.values()]
    return list(value) if isinstance(value, list | tuple) else []


def check_within(name: str, annotation: object, value: object) -> None:
    """Of what a list or table holds, each is as strictly of its kind as a setting.

    Raises:
        SettingError: the first that is not.
    """
    kinds = [each for each in kinds_of(annotation) if each is not types.NoneType]
    held = get_args(kinds[0]) if len(kinds) == 1 and get_origin(kinds[0]) in _HOLDERS else ()
    inner = held[-2] if Ellipsis in held else held[-1] if held else object
    if isinstance(value, Mapping):
        for key, each in value.items():
            _check_part(f"{name}.{shown(key)[1:-1]}", inner, each)
    elif isinstance(value, list | tuple):
        for index, each in enumerate(value):
            _check_part(f"{name}.{index}", inner, each)


def _check_part(name: str, kind: object, value: object) -> None:
    if kind in PLAIN:
        number = kind is float and type(value) is int
        whole = kind is int and type(value) is float and value.is_integer()
        if type(value) is not kind and not number and not whole:
            raise SettingError(name, f"is {shown(value)}; expected {KINDS[kind]}.")
    elif kind in _ANYTHING and not isinstance(value, _LEAVES):
        raise SettingError(name, f"is {shown(value)}; expected text, numbers, lists or tables.")
    elif kind in _ANYTHING and isinstance(value, float) and not isfinite(value):
        raise SettingError(name, f"is {value}; expected a finite number.")
    check_within(name, kind, value)


def is_plain(value: object) -> bool:
    """Whether lists and tables are as few within each other as `_DEEPEST`, names are texts, and
    whole numbers are no larger than `LARGEST`."""
    level: list[object] = [value]
    for _ in range(_DEEPEST):
        tables = (each for each in level if isinstance(each, Mapping))
        if not all(isinstance(name, str) for table in tables for name in table):
            return False
        if any(isinstance(each, int) and abs(each) > LARGEST for each in level):
            return False
        level = [each for holder in level for each in _within(holder)]
    return not level


def is_utf8(value: object) -> bool:
    """Whether all texts are, of what `_is_plain`."""
    if not isinstance(value, str):
        return all(map(is_utf8, _within(value)))
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def shown(value: object) -> str:
    """A value as a sentence shows it, however long or deep."""
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # whole numbers of thousands of digits, too
        return f"a {type(value).__name__} that is too large to show"
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 40]} … {text[-40:]}"
