"""A form for the settings of a plug-in, built from the fields of its dataclass."""

from dataclasses import Field, fields
from typing import Any

import streamlit as st

from dermxai.ui import state
from dermxai.ui.state import Key


def settings(kind: type, name: str) -> Any:
    """Asks for every field: bounds and help are in its metadata.

    Args:
        kind: a frozen dataclass, each field's metadata with ``help`` and either ``choices`` or,
            for a number, ``low`` and ``high``.
        name: tells forms apart.
    """
    return kind(
        **{field.name: _asked(field, Key.SETTING.of(name, field.name)) for field in fields(kind)}
    )


def entered(kind: type, name: str) -> Any:
    """The settings as the visitor left them in the form; defaults where it was not seen."""
    held = {field.name: state.get(Key.SETTING.of(name, field.name)) for field in fields(kind)}
    return kind(**{name_: value for name_, value in held.items() if value is not None})


def _asked(field: Field[Any], key: str) -> Any:
    if state.get(key) is None:
        state.put(key, field.default)
    return _choice(field, key) if "choices" in field.metadata else _number(field, key)


def _title(field: Field[Any]) -> str:
    return field.name.replace("_", " ").capitalize()


def _choice(field: Field[Any], key: str) -> Any:
    return st.selectbox(
        _title(field),
        list(field.metadata["choices"]),
        key=key,
        format_func=lambda value: str(value).replace("_", " "),
        help=field.metadata["help"],
        persist_state="session",
    )


def _number(field: Field[Any], key: str) -> float | int:
    whole = isinstance(field.default, int)
    low, high = field.metadata["low"], field.metadata["high"]
    value = st.number_input(
        _title(field),
        min_value=int(low) if whole else float(low),
        max_value=int(high) if whole else float(high),
        step=1 if whole else 0.05,
        key=key,
        help=field.metadata["help"],
        persist_state="session",
    )
    return field.default if value is None else value
