"""Access codes: made at the command line, shown once, kept as a salted scrypt hash.

A code is its id, which may be seen by anyone, and a secret of 99 bits. That it is kept as a slow
hash is for those who come upon the file, not for those who guess at the login.
"""

import hashlib
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from hmac import compare_digest
from pathlib import Path

from dermxai.access.files import access_folder, codes_file
from dermxai.access.roles import Role
from dermxai.core import disk
from dermxai.core.errors import InputError

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # none is taken for another
_ID, _SECRET, _GROUP = 6, 20, 5  # characters
_COST, _BLOCK = 2**15, 8  # of scrypt: 32 MB and about 0.1 s
_MEMORY = 2 * 128 * _COST * _BLOCK
DAY = 24 * 3600.0  # seconds
ADDRESS = "DERMXAI_URL"
"""In the environment: where visitors reach the server, for links."""
LONGEST = 3650  # days


@dataclass(frozen=True)
class Code:
    """What is kept of a code. Times in seconds since the epoch."""

    id: str
    name: str
    role: Role
    made: float
    expires: float
    salt: str
    hash: str
    withdrawn: float | None = None

    @property
    def state(self) -> str:
        if self.withdrawn is not None:
            return "withdrawn"
        return "valid" if time.time() < self.expires else "expired"

    @property
    def valid(self) -> bool:
        return self.state == "valid"


@dataclass(frozen=True)
class Drawn:
    """A code at random: its text, which is shown once, and what is kept of it."""

    id: str
    salt: str
    hash: str
    text: str = field(repr=False)


def draw() -> Drawn:
    """A new code, kept nowhere yet."""
    id_, secret, salt = _random(_ID), _random(_SECRET), secrets.token_hex(16)
    groups = [secret[start : start + _GROUP] for start in range(0, _SECRET, _GROUP)]
    return Drawn(id_, salt, _hash(secret, salt), "-".join([id_, *groups]))


def matches(text: str, salt: str | None, hash_: str | None) -> bool:
    """Whether a code's text is the one of which these are kept. Takes as long where none are."""
    _, secret = parts(text)
    found = _hash(secret[: 2 * _SECRET], salt or "0" * 32)
    return bool(hash_) and compare_digest(found, hash_ or "")


def make(name: str, role: Role, days: float) -> tuple[Code, str]:
    """A new code, and its text, which is known from now on to whoever is told it alone.

    Raises:
        InputError: no name, or a time that is not allowed.
    """
    if not name.strip() or len(name) > 80 or not name.isprintable():
        raise InputError(f"A code is made for {name!r}; give a name of 1 to 80 characters.")
    if not 0 < days <= LONGEST:
        raise InputError(
            f"A code is to last {days:g} days; give more than 0 and {LONGEST} at most."
        )
    now = time.time()
    with _changing() as known:
        while (drawn := draw()).id in known:
            pass
        expires = now + days * DAY
        code = Code(drawn.id, name.strip(), role, now, expires, drawn.salt, drawn.hash)
        known[drawn.id] = code
    return code, drawn.text


def withdraw(code_id: str) -> Code:
    """Ends a code, and with it all visits by it.

    Raises:
        InputError: there is none of that id.
    """
    with _changing() as known:
        if code_id not in known:
            raise InputError(f"There is no code {code_id!r}; `access list` names those there are.")
        if known[code_id].withdrawn is None:
            known[code_id] = replace(known[code_id], withdrawn=time.time())
        return known[code_id]


def forget_all() -> None:
    """From now on nobody logs in by a code, or has to."""
    with disk.locked(_lock()):
        codes_file().unlink(missing_ok=True)


def codes() -> dict[str, Code]:
    """All codes by id, the oldest first, also those that have ended.

    Raises:
        InputError: the file is damaged.
    """
    file = codes_file()
    try:
        now = file.stat()
        return dict(_read(str(file), now.st_mtime_ns, now.st_ino, now.st_size))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise InputError(
            f"{file} cannot be read ({error.strerror}), so nobody can log in: give it to the "
            "account that runs the server."
        ) from error


def exist() -> bool:
    """Whether codes were made, which is when everybody has to log in: a last code that is withdrawn
    opens the door to nobody."""
    try:
        codes_file().stat()
    except FileNotFoundError:
        return False
    except OSError:  # one that may not be read is there
        return True
    return True


def valid(code_id: str) -> Code | None:
    """The code of an id, None where there is none or it has ended."""
    code = codes().get(code_id)
    return code if code and code.valid else None


def check(text: str) -> Code | None:
    """The valid code that a person has entered; None where it is none. Takes as long either way."""
    code = valid(parts(text)[0])
    same = matches(text, code.salt if code else None, code.hash if code else None)
    return code if same else None


def id_in(text: str) -> str:
    """The id in what a person has entered; empty where there is no code of it."""
    id_, _ = parts(text)
    return id_ if id_ in codes() else ""


def parts(text: str) -> tuple[str, str]:
    """The id and the secret in what a person has entered."""
    plain = "".join(text.split()).replace("-", "").lower()
    return plain[:_ID], plain[_ID:]


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def _hash(secret: str, salt: str) -> str:
    return hashlib.scrypt(
        secret.encode("utf-8", "replace"),
        salt=bytes.fromhex(salt),
        n=_COST,
        r=_BLOCK,
        p=1,
        maxmem=_MEMORY,
        dklen=32,
    ).hex()


@lru_cache(4)
def _read(file: str, _changed: int, _inode: int, _size: int) -> dict[str, Code]:
    try:
        content = json.loads(Path(file).read_text(encoding="utf-8"))
        return {
            id_: Code(**{**about, "role": Role(about["role"])}) for id_, about in content.items()
        }
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InputError(
            f"{file} is damaged, so nobody can log in: bring it back from a backup, or remove it "
            "with `access off` and make new codes."
        ) from error


@contextmanager
def _changing() -> Iterator[dict[str, Code]]:
    """The codes under a lock, written when the block ends well."""
    with disk.locked(_lock()):
        known = codes()
        yield known
        content: dict[str, object] = {id_: asdict(code) for id_, code in known.items()}
        with disk.replacing(codes_file()) as temporary:
            temporary.touch(0o600)
            temporary.write_text(json.dumps(content, ensure_ascii=False, indent=1), "utf-8")


def _lock() -> Path:
    return own_folder() / ".codes.lock"


def own_folder() -> Path:
    """The folder of codes and visits, which no other account may look into."""
    folder = access_folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
