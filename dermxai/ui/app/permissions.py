"""What visitors may do: who they are decides, and in teaching mode only an admin does more than
look."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import streamlit as st

from dermxai.access import audit, gate
from dermxai.access.roles import LOCAL, Person, Role
from dermxai.access.teaching import TEACHING, teaching
from dermxai.core.errors import InputError
from dermxai.ui.access import identity

__all__ = ["TEACHING", "address", "check", "may", "note", "noter", "person", "teaching"]


def person() -> Person:
    """Who this visit is by, as it stands now.

    Raises:
        InputError: the visit has ended, or its person has no role any more.
    """
    if not identity.required():
        return replace(LOCAL, role=Role.VIEWER) if teaching() else LOCAL
    found = gate.person(_reference())
    if found is None or found.role is None:
        raise InputError("This visit has ended: reload the page and log in again.")
    if teaching() and found.role is not Role.ADMIN:
        return replace(found, role=Role.VIEWER)
    return found


def _reference() -> str | None:
    """What the login has noted of this visit."""
    return identity.unsealed(st.context.headers.get(identity.REFERENCE))


def address() -> str:
    """Of this visitor's computer; empty of this one."""
    return st.context.ip_address or ""


def may(action: str, *, owner: str | None = None) -> bool:
    """Whether this visitor may do it; see `check`."""
    try:
        return person().may(action, owner=owner)
    except InputError:
        return False


def check(action: str, *, owner: str | None = None) -> None:
    """For everything that a visitor does to others' data or to the machine, where it is done.

    Args:
        action: one of `roles.NEEDS`, such as "start jobs".
        owner: whose job it is done to.

    Raises:
        InputError: visitors may not do it here.
    """
    found = person()
    if teaching() and found.role is Role.VIEWER:
        raise InputError(
            f"This server is in teaching mode: visitors cannot {action}. Ask who runs it."
        )
    found.check(action, owner=owner)


def note(action: str, **what: object) -> None:
    """Adds what this visitor does to the audit log, on a server where people log in."""
    noter()(action, **what)


def noter() -> Callable[..., None]:
    """`note` for what this visitor does later, outside of the page's script."""
    if not identity.required():
        return lambda _action, **_what: None
    return partial(audit.note, person(), address=address())
