"""Visits: who has logged in, how, and until when. A file each, so that every server of a workspace
knows all of them, a restart ends none, and one that was ended stays so."""

import json
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from dermxai.access import codes
from dermxai.access.files import visits_folder
from dermxai.core import disk

LASTS = 12 * 3600.0  # seconds


@dataclass(frozen=True)
class Visit:
    """Times in seconds since the epoch.

    Attributes:
        key: digest of what the browser shows; who reads the files cannot make a cookie of it.
        way: "code" or "oidc".
        subject: the code's id, or whom the identity provider named.
        claims: what the provider said of that person that roles may depend on.
    """

    key: str
    way: str
    subject: str
    begun: float
    expires: float
    claims: Mapping[str, object] = field(default_factory=dict)
    ended: bool = False

    @property
    def short(self) -> str:
        """What tells visits apart in the audit log."""
        return self.key[:8]


def key_of(shown: str) -> str:
    """The key of the visit whose browser shows this."""
    return sha256(shown.encode("utf-8", "replace")).hexdigest()


def begin(code: codes.Code) -> tuple[Visit, str]:
    """A visit by a code, and what its browser is to show from now on."""
    shown, now = secrets.token_urlsafe(32), time.time()
    visit = Visit(key_of(shown), "code", code.id, now, min(now + LASTS, code.expires))
    _write(visit)
    _sweep()
    return visit, shown


def adopt(shown: str, subject: str, claims: Mapping[str, object]) -> Visit:
    """The visit of somebody whom an identity provider has sent with a cookie of Streamlit's: begun
    when the cookie is first seen, so that it can be ended on this side too."""
    now = time.time()
    visit = Visit(key_of(shown), "oidc", subject, now, now + LASTS, claims)
    _write(visit)
    _sweep()
    return visit


def find(key: str) -> Visit | None:
    """The visit of a key, also one that has ended; None where there is none or it is damaged."""
    if len(key) != 64 or not key.isalnum():
        return None
    with suppress(OSError, ValueError, TypeError, RecursionError):
        content = json.loads(_file(key).read_text(encoding="utf-8"))
        return Visit(**content)
    return None


def going_on(visit: Visit | None) -> bool:
    """Whether it has neither ended nor expired, nor the code that it came by.

    Raises:
        InputError: the codes cannot be read.
    """
    if visit is None or visit.ended or time.time() >= visit.expires:
        return False
    return visit.way != "code" or codes.valid(visit.subject) is not None


def end(visit: Visit) -> None:
    """Ends it for good: kept until it would have expired, so that its cookie opens nothing more."""
    _write(replace(visit, ended=True))


def _write(visit: Visit) -> None:
    codes.own_folder()
    with disk.replacing(_file(visit.key)) as temporary:
        temporary.touch(0o600)
        temporary.write_text(json.dumps(asdict(visit)), encoding="utf-8")


def _file(key: str) -> Path:
    return visits_folder() / f"{key}.json"


def _sweep() -> None:
    """Removes what has expired, and with it what is known to have ended: by then no cookie of such
    a visit is valid any more."""
    now = time.time()
    for file in visits_folder().glob("*.json"):
        visit = find(file.stem)
        if visit and now >= visit.expires:
            file.unlink(missing_ok=True)
