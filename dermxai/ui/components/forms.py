"""A form for settings, built from what is known of each."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Literal, TypeVar

import streamlit as st

from dermxai.core import parsing
from dermxai.core.errors import InputError
from dermxai.core.settings import Setting, Settings, described
from dermxai.ui.session import state
from dermxai.ui.session.state import Key

S = TypeVar("S", bound=Settings)


def settings(kind: type[S], name: str) -> S:
    """Asks for every setting; those that are not the default stand in the address.

    Args:
        name: tells forms apart.
    """
    asked = {
        each.name: ask(each, name, each.default, bind="query-params") for each in described(kind)
    }
    return kind(**asked)


def entered(kind: type[S], name: str) -> S:
    """The settings as the visitor left them in a form of another page, else as the address has
    them, else the defaults; the address of this page says them, too."""
    held = {}
    for each in described(kind):
        key = Key.SETTING.of(name, each.name)
        if (value := state.get(key)) is None:
            value = _addressed(kind, each, key)
        if value is None:
            continue
        held[each.name] = value
        state.put(key, value)
        if value != each.default:
            state.address(key, _shown(value))
    return kind(**held)


def _addressed(kind: type[Settings], setting: Setting, key: str) -> object:
    """What the address says of a setting; None where it says nothing, or what is not allowed."""
    text = st.query_params.get(key, "")
    named = {_shown(choice): choice for choice in setting.choices}
    with suppress(InputError):
        value = named.get(text)
        if value is None and text:
            value = parsing.typed(kind, [f"{setting.name}={text}"])[setting.name]
        if value is not None:
            kind(**{setting.name: value})
        return value
    return None


def _shown(value: object) -> str:
    """As a form shows a value, and the address."""
    return str(value).lower() if isinstance(value, bool) else str(value).replace("_", " ")


def ask(
    setting: Setting, name: str, default: object, *, bind: Literal["query-params"] | None = None
) -> object:
    """Asks for one setting.

    Args:
        name: of the form.
        default: what it holds before the visitor changes it.
        bind: whether it stands in the address.
    """
    key = Key.SETTING.of(name, setting.name)
    title, help_ = _title(setting), setting.help
    if setting.kind is bool:
        return st.checkbox(
            title, bool(default), key=key, help=help_, bind=bind, persist_state="session"
        )
    if choices := list(setting.choices):
        return st.selectbox(
            title,
            choices,
            index=choices.index(default),
            key=key,
            format_func=_shown,
            help=help_,
            bind=bind,
            persist_state="session",
        )
    if setting.kind is str:
        return st.text_input(
            title, str(default), key=key, help=help_, bind=bind, persist_state="session"
        ).strip()
    assert isinstance(default, int | float)
    return _number(setting, key, default, bind)


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


def _number(
    setting: Setting, key: str, default: float, bind: Literal["query-params"] | None
) -> float | int:
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
        bind=bind,
        persist_state="session",
    )
    return default if value is None else value


def _step(low: float, high: float) -> float:
    """Of the buttons beside a number: a share of its range, fine where that spans decades."""
    return low if 0 < low < high / 1000 else 0.05
