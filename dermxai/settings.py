"""Settings of plug-ins: frozen dataclasses whose fields' metadata give what is allowed (``low`` and
``high``, or ``choices``) and ``help``."""

from collections.abc import Mapping
from dataclasses import Field, asdict, fields
from typing import Any, cast

from dermxai.errors import KINDS, InputError


def settings_of(of: str, kind: type, given: Any = None) -> Any:
    """A ``kind`` from such, from a mapping of some of its values, or from nothing. Numbers become
    the settings' own types, so that 30 and 30.0 are one setting.

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
    if unknown := [name for name in values if name not in known]:
        raise InputError(
            f"{of} has no setting {unknown[0]!r}; its settings: {', '.join(known) or 'none'}."
        )
    return kind(**{name: _checked(of, known[name], value) for name, value in values.items()})


def _checked(of: str, field: Field[Any], value: Any) -> Any:
    allowed = field.metadata
    kind: type = type(field.default)
    if "choices" in allowed:
        if value not in allowed["choices"]:
            raise InputError(
                f"{field.name} of {of} is {value!r}; choose from {', '.join(allowed['choices'])}."
            )
        return value
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not allowed["low"] <= value <= allowed["high"] or kind(value) != value:
        raise InputError(
            f"{field.name} of {of} is {value!r}; give {KINDS[kind]} from {allowed['low']} to "
            f"{allowed['high']}."
        )
    return kind(value)
