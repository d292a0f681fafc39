"""Who somebody is, from what a request has shown, as it stands at this moment."""

from collections.abc import Mapping
from urllib.parse import quote, unquote

from dermxai.access import codes, visits
from dermxai.access.roles import Person, Role
from dermxai.access.visits import Visit

VISIT, PROXY = "visit", "proxy"


def reference_to(visit: Visit) -> str:
    """What stands for a visit within the server."""
    return f"{VISIT} {visit.key}"


def reference_by_proxy(user: str) -> str:
    """What stands within the server for whom a trusted proxy has named."""
    return f"{PROXY} {quote(user, safe='')}"


def person(reference: str | None) -> Person | None:
    """The person that a reference stands for; None where the visit has ended, or its code.

    Raises:
        InputError: the codes or the rules cannot be read.
    """
    way, _, value = (reference or "").partition(" ")
    if way == PROXY and value:
        user = unquote(value)
        return Person(f"proxy {user}", user, _role(user, {}))
    if way != VISIT:
        return None
    visit = visits.find(value)
    if visit is None or not visits.going_on(visit):
        return None
    return _by_code(visit) if visit.way == "code" else _by_provider(visit)


def check() -> None:
    """
    Raises:
        InputError: the codes or the rules cannot be read.
    """
    codes.codes()
    _role("", {})


def _role(subject: str, claims: Mapping[str, object]) -> Role | None:
    from dermxai.access.rules import rules  # with pydantic, which a laptop does without

    return rules().role(subject, claims)


def _by_code(visit: Visit) -> Person | None:
    code = codes.valid(visit.subject)
    return Person(f"code {code.id}", code.name, code.role, visit.short) if code else None


def _by_provider(visit: Visit) -> Person:
    role = _role(visit.subject, visit.claims)
    return Person(f"oidc {visit.subject}", _name(visit.claims) or visit.subject, role, visit.short)


def _name(claims: Mapping[str, object]) -> str:
    said = (claims.get(name) for name in ("name", "preferred_username", "email"))
    return next((value for value in said if isinstance(value, str) and value), "")
