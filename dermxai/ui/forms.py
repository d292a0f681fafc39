"""A form for the settings of a plug-in, built from the fields of its dataclass."""

from dataclasses import Field, fields
from typing import Any

import streamlit as st

from dermxai.ui import state
from dermxai.ui.state import Key


def settings(kind: type, name: str) -> Any:
    """Asks for every field: bounds and help are in its metadata.

    Args:
        kind: a frozen dataclass, each field's metadata with ``help`` and, for a number, ``low`` and
            ``high``, or for one of a few ``choices``.
        name: tells forms apart.
    """
    return kind(**{field.name: ask(field, name, field.default) for field in fields(kind)})


def entered(kind: type, name: str) -> Any:
    """The settings as the visitor left them in the form; defaults where it was not seen."""
    held = {field.name: state.get(Key.SETTING.of(name, field.name)) for field in fields(kind)}
    return kind(**{name_: value for name_, value in held.items() if value is not None})


def ask(field: "Field[Any]", name: str, default: Any) -> Any:
    """Asks for one field.

    Args:
        name: of the form.
        default: what it holds before the visitor changes it.
    """
    key = Key.SETTING.of(name, field.name)
    title, help_ = _title(field), field.metadata["help"]
    if isinstance(field.default, bool):
        return st.checkbox(title, default, key=key, help=help_, persist_state="session")
    if choices := field.metadata.get("choices"):
        return st.selectbox(
            title,
            list(choices),
            index=list(choices).index(default),
            key=key,
            format_func=lambda value: str(value).replace("_", " "),
            help=help_,
            persist_state="session",
        )
    if isinstance(field.default, str):
        return st.text_input(title, default, key=key, help=help_, persist_state="session").strip()
    return _number(field, key, default)


def _title(field: "Field[Any]") -> str:
    return field.name.replace("_", " ").capitalize()


def _number(field: "Field[Any]", key: str, default: float) -> float | int:
    whole = isinstance(field.default, int)
    low, high = field.metadata["low"], field.metadata["high"]
    value = st.number_input(
        _title(field),
        min_value=int(low) if whole else float(low),
        max_value=int(high) if whole else float(high),
        value=default if whole else float(default),
        step=1 if whole else _step(low, high),
        format=None if whole else "%.4g",
        key=key,
        help=field.metadata["help"],
        persist_state="session",
    )
    return default if value is None else value


def _step(low: float, high: float) -> float:
    """Of the buttons beside a number: a share of its range, fine where that spans decades."""
    return low if 0 < low < high / 1000 else 0.05
