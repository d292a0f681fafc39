"""``access.toml`` of the workspace: which role those have whom an identity provider, or a proxy
that logs people in, has named.

    everyone = "viewer"                   # who is logged in and named nowhere; without it: nobody

    blocked = ["carl@clinic.example"]     # nobody, from now on

    [people]                              # by subject, or e-mail that the provider has verified
    admin = ["anna@clinic.example"]

    [claim]                               # or by a claim of the ID token
    name = "groups"                       # dots lead into objects: realm_access.roles
    operator = ["dermatology-research"]

    [proxy]
    header = "X-Forwarded-User"           # believed of who knows DERMXAI_PROXY_SECRET, nobody else
"""

import tomllib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from dermxai import paths
from dermxai.access.roles import Role
from dermxai.errors import InputError


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Names(_Strict):
    viewer: tuple[str, ...] = ()
    operator: tuple[str, ...] = ()
    admin: tuple[str, ...] = ()

    def role(self, found: Iterable[str]) -> Role | None:
        """The highest role that one of the names has."""
        present = set(found)
        return next(
            (role for role in reversed(Role) if present & set(getattr(self, role.value))), None
        )


class _Claim(_Names):
    name: str = ""


class _Proxy(_Strict):
    header: str = "X-Forwarded-User"


class Rules(_Strict):
    everyone: Role | None = None
    unverified_emails: bool = False
    """Also e-mails of which the provider does not say that it has verified them."""
    blocked: tuple[str, ...] = ()
    """Subjects and e-mails that come in no more, whatever else names them."""
    people: _Names = _Names()
    claim: _Claim = _Claim()
    proxy: _Proxy = _Proxy()

    def role(self, subject: str, claims: Mapping[str, Any]) -> Role | None:
        """The role of a person; None for nobody who may come in.

        Args:
            claims: as the identity provider stated them.
        """
        email = claims.get("email")
        if {subject, email if isinstance(email, str) else subject} & set(self.blocked):
            return None
        names = [subject]
        if isinstance(email, str) and (
            claims.get("email_verified") is True or self.unverified_emails
        ):
            names.append(email)
        said = (self.people.role(names), self.claim.role(_values(claims, self.claim.name)))
        found = [role for role in said if role is not None]
        return max(found, key=list(Role).index) if found else self.everyone


def rules() -> Rules:
    """The rules as they are now; the usual ones, which let nobody in, where there are none.

    Raises:
        InputError: the file is not understood.
    """
    file = paths.access_rules()
    try:
        now = file.stat()
        return _read(str(file), now.st_mtime_ns, now.st_ino, now.st_size)
    except FileNotFoundError:
        return Rules()
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}.") from error


@lru_cache(4)
def _read(file: str, _changed: int, _inode: int, _size: int) -> Rules:
    try:
        return Rules.model_validate(tomllib.loads(Path(file).read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise InputError(f"{file}: {place}: {first['msg'].lower()}; see docs/server.md.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file} is no TOML: {error}.") from error


def _values(claims: Mapping[str, Any], name: str) -> list[str]:
    """The values of a claim that is a text or a list of texts; none where it is absent."""
    found: Any = claims.get(name)
    if found is None and name:
        found = claims
        for part in name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    values = found if isinstance(found, list) else [found]
    return [value for value in values if isinstance(value, str)]
