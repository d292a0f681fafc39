"""A form for settings, built from what is known of each."""

from collections.abc import Sequence
from typing import TypeVar

import streamlit as st

from dermxai.core.settings import Setting, Settings, described
from dermxai.ui.session import state
from dermxai.ui.session.state import Key

S = TypeVar("S", bound=Settings)


def settings(kind: type[S], name: str) -> S:
    """Asks for every setting.

    Args:
        name: tells forms apart.
    """
    return kind(**{each.name: ask(each, name, each.default) for each in described(kind)})


def entered(kind: type[S], name: str) -> S:
    """The settings as the visitor left them in the form; defaults where it was not seen."""
    held = {each.name: state.get(Key.SETTING.of(name, each.name)) for each in described(kind)}
    return kind(**{name_: value for name_, value in held.items() if value is not None})


def ask(setting: Setting, name: str, default: object) -> object:
    """Asks for one setting.

    Args:
        name: of the form.
        default: what it holds before the visitor changes it.
    """
    key = Key.SETTING.of(name, setting.name)
    title, help_ = _title(setting), setting.help
    if setting.kind is bool:
        return st.checkbox(title, bool(default), key=key, help=help_, persist_state="session")
    if choices := list(setting.choices):
        return st.selectbox(
            title,
            choices,
            index=choices.index(default),
            key=key,
            format_func=lambda value: str(value).replace("_", " "),
            help=help_,
            persist_state="session",
        )
    if setting.kind is str:
        return st.text_input(
            title, str(default), key=key, help=help_, persist_state="session"
        ).strip()
    assert isinstance(default, int | float)
    return _number(setting, key, default)


def ask_several(
    setting: Setting, name: str, default: Sequence[str], options: Sequence[str]
) -> list[str]:
    """Asks for a setting that is a list of texts.

    Args:
        name: of the form.
        default: as for `ask`.
        options: what is offered; others can be typed.
    """
    return st.multiselect(
        _title(setting),
        list(dict.fromkeys([*options, *default])),
        default=default,
        key=Key.SETTING.of(name, setting.name),
        accept_new_options=True,
        help=setting.help,
    )


def _title(setting: Setting) -> str:
    """ "Window, % of the side"."""
    title = setting.title or setting.name.replace("_", " ").capitalize()
    return f"{title}, {setting.unit}" if setting.unit else title


def _number(setting: Setting, key: str, default: float) -> float | int:
    whole = setting.kind is int
    low, high = setting.low, setting.high
    if low is None or high is None:
        raise TypeError(f"{setting.name} is a number without bounds.")
    value = st.number_input(
        _title(setting),
        min_value=int(low) if whole else float(low),
        max_value=int(high) if whole else float(high),
        value=default if whole else float(default),
        step=1 if whole else _step(low, high),
        format=None if whole else "%.4g",
        key=key,
        help=setting.help,
        persist_state="session",
    )
    return default if value is None else value


def _step(low: float, high: float) -> float:
    """Of the buttons beside a number: a share of its range, fine where that spans decades."""
    return low if 0 < low < high / 1000 else 0.05
