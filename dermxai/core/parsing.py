"""What texts such as ``epochs=30`` stand for, on the command line and in forms."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from dermxai.core.errors import KINDS, InputError
from dermxai.core.settings import Setting, described, expected
from dermxai.core.values import shown

_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def typed(settings: type, pairs: Sequence[str]) -> dict[str, object]:
    """Values for settings from texts such as ``epochs=30``; their bounds are not looked at.

    Raises:
        InputError: not name=value, an unknown name, or a value of another kind.
    """
    known = {each.name: each for each in described(settings)}
    values: dict[str, object] = {}
    for name, text in assigned(pairs).items():
        if name not in known:
            names = ", ".join(known) or "none"
            raise InputError(f"There is no setting {shown(name)}; there are {names}.")
        try:
            values[name] = _value(known[name], text)
        except (KeyError, ValueError):
            raise InputError(
                f"{name} is {shown(text)}; expected {expected(known[name])}."
            ) from None
    return values


def as_kind(kind: type, name: str, text: str) -> object:
    """The value that a text stands for.

    Raises:
        InputError: it is of another kind.
    """
    try:
        return _READ[kind](text)
    except (KeyError, ValueError):
        raise InputError(f"{name} is {shown(text)}; expected {KINDS[kind]}.") from None


def assigned(pairs: Sequence[str]) -> dict[str, str]:
    """
    Raises:
        InputError: a text is not name=value.
    """
    for pair in pairs:
        if "=" not in pair:
            raise InputError(f"{shown(pair)} came where name=value was expected.")
    return {name.strip(): value for name, _, value in (pair.partition("=") for pair in pairs)}


def three_numbers(text: str, name: str) -> list[float]:
    """Of a text such as 0.485,0.456,0.406; with blanks in place of commas, too.

    Raises:
        InputError: there are not just three, or they are no numbers.
    """
    try:
        red, green, blue = map(float, text.replace(",", " ").split())
    except ValueError as error:
        raise InputError(
            f"{name} is {shown(text)}; expected three numbers, such as 0.485,0.456,0.406."
        ) from error
    return [red, green, blue]


def _value(known: Setting, text: str) -> object:
    if known.optional and text.strip().lower() in ("", "none"):
        return None
    if read := _READ.get(known.kind):
        return read(text)
    if isinstance(known.default, tuple) and not text.startswith("["):
        return [part.strip() for part in text.split(",") if part.strip()]
    with suppress(ValueError, RecursionError):
        return json.loads(text)
    return text


def _whole(text: str) -> int:
    """Of 30 and of 30.0."""
    try:
        return int(text)
    except ValueError:
        number = float(text)
        if not number.is_integer():
            raise
        return int(number)


_READ: Mapping[object, Callable[[str], object]] = {
    bool: lambda text: _BOOLEANS[text.strip().lower()],
    int: _whole,
    float: float,
    str: str,
}
