"""Settings of methods and measures: frozen dataclasses whose fields' metadata give what is allowed
(``low`` and ``high``, or ``choices``) and ``help``."""

from collections.abc import Mapping
from dataclasses import Field, asdict, fields
from typing import Any, cast

from dermxai.errors import InputError


def settings_of(of: str, kind: type, given: Any = None) -> Any:
    """A ``kind`` from such, from a mapping of some of its values, or from nothing.

    Args:
        of: whose settings they are.

    Raises:
        InputError: there is no such setting, or its value is not allowed.
    """
    if given is None:
        return kind()
    if isinstance(given, Mapping):
        values = dict(given)
    elif isinstance(given, kind):
        values = asdict(cast(Any, given))
    else:
        raise InputError(f"The settings of {of} are {given!r}; expected names and their values.")
    known = {field.name: field for field in fields(kind)}
    for name, value in values.items():
        if name not in known:
            raise InputError(
                f"{of} has no setting {name!r}; its settings: {', '.join(known) or 'none'}."
            )
        _check(of, known[name], value)
    return kind(**values)


def _check(of: str, field: Field[Any], value: Any) -> None:
    allowed = field.metadata
    if "choices" in allowed:
        if value not in allowed["choices"]:
            raise InputError(
                f"{field.name} of {of} is {value!r}; choose from {', '.join(allowed['choices'])}."
            )
        return
    whole = isinstance(field.default, int)
    number = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
    if not number or not allowed["low"] <= value <= allowed["high"]:
        raise InputError(
            f"{field.name} of {of} is {value!r}; give a {'whole ' * whole}number from "
            f"{allowed['low']} to {allowed['high']}."
        )
