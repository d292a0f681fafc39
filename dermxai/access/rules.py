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

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from dermxai.access.files import rules_file
from dermxai.access.roles import Role
from dermxai.core.errors import InputError
from dermxai.core.settings import Settings, setting
from dermxai.core.settings_file import read_settings

_NAMES, _TABLE = "a list of names", "a table of names and values"


class _Names(Settings):
    viewer: tuple[str, ...] = setting((), "Who may look", words=_NAMES)
    operator: tuple[str, ...] = setting((), "Who may also start jobs", words=_NAMES)
    admin: tuple[str, ...] = setting((), "Who may do everything", words=_NAMES)

    def role(self, found: Iterable[str]) -> Role | None:
        """The highest role that one of the names has."""
        present = set(found)
        return next(
            (role for role in reversed(Role) if present & set(getattr(self, role.value))), None
        )


class _Claim(_Names):
    name: str = setting("", "Of the claim; dots lead into objects")


class _Proxy(Settings):
    header: str = setting("X-Forwarded-User", "In which a proxy names who is logged in")


class Rules(Settings):
    """The keys of ``access.toml``."""

    everyone: Role | None = setting(
        None, "Role of who is logged in and named nowhere; without it nobody comes in"
    )
    unverified_emails: bool = setting(
        False, "Also e-mails of which the provider does not say that it has verified them"
    )
    blocked: tuple[str, ...] = setting(
        (), "Subjects and e-mails that come in no more, whatever else names them", words=_NAMES
    )
    people: _Names = setting(_Names(), "Roles by subject or verified e-mail", words=_TABLE)
    claim: _Claim = setting(_Claim(), "Roles by a claim of the ID token", words=_TABLE)
    proxy: _Proxy = setting(_Proxy(), "A proxy that logs people in", words=_TABLE)

    def role(self, subject: str, claims: Mapping[str, object]) -> Role | None:
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
    file = rules_file()
    try:
        now = file.stat()
        return _read(str(file), now.st_mtime_ns, now.st_ino, now.st_size)
    except FileNotFoundError:
        return Rules()
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}.") from error


@lru_cache(4)
def _read(file: str, _changed: int, _inode: int, _size: int) -> Rules:
    return read_settings(Rules, Path(file), "docs/server.md", anywhere=True)


def _values(claims: Mapping[str, object], name: str) -> list[str]:
    """The values of a claim that is a text or a list of texts; none where it is absent."""
    found: object = claims.get(name)
    if found is None and name:
        found = claims
        for part in name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    values = found if isinstance(found, list) else [found]
    return [value for value in values if isinstance(value, str)]
