"""What texts such as ``epochs=30`` stand for, on the command line and in forms."""

from collections.abc import Sequence
from typing import Any

from dermxai.errors import KINDS, InputError
from dermxai.settings import described

_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def typed(settings: type, pairs: Sequence[str]) -> dict[str, Any]:
    """Values for settings from texts such as ``epochs=30``.

    Raises:
        InputError: not name=value, an unknown name, or a value of another kind.
    """
    kinds: dict[str, type] = {each.name: each.kind for each in described(settings)}
    values: dict[str, Any] = {}
    for name, text in assigned(pairs).items():
        if name not in kinds:
            raise InputError(f"There is no setting {name!r}; there are {', '.join(kinds)}.")
        values[name] = as_kind(kinds[name], name, text)
    return values


def as_kind(kind: type, name: str, text: str) -> Any:
    """The value that a text stands for.

    Raises:
        InputError: it is of another kind.
    """
    try:
        return _BOOLEANS[text.lower()] if kind is bool else kind(text)
    except (KeyError, ValueError):
        raise InputError(f"{name} is {text!r}; expected {KINDS[kind]}.") from None


def assigned(pairs: Sequence[str]) -> dict[str, str]:
    """
    Raises:
        InputError: a text is not name=value.
    """
    for pair in pairs:
        if "=" not in pair:
            raise InputError(f"{pair!r} came where name=value was expected.")
    return {name.strip(): value for name, _, value in (pair.partition("=") for pair in pairs)}
