import json
import stat
from pathlib import Path

import pytest

from dermxai.access import codes
from dermxai.access.files import access_folder, codes_file
from dermxai.access.roles import Role
from dermxai.core.errors import InputError


def test_a_code_opens_and_is_kept_as_a_hash_alone(workspace: Path) -> None:
    code, text = codes.make("Students", Role.VIEWER, 30)
    assert codes.check(text) == code
    secret = text.partition("-")[2].replace("-", "")
    kept = "".join(file.read_text() for file in access_folder().rglob("*") if file.is_file())
    assert code.id in kept
    assert secret not in kept.replace("-", "")
    assert stat.S_IMODE(codes_file().stat().st_mode) == 0o600
    assert stat.S_IMODE(access_folder().stat().st_mode) == 0o700


def test_a_code_may_be_typed_as_people_do() -> None:
    code, text = codes.make("Students", Role.VIEWER, 30)
    assert codes.check(f"  {text.upper()} ") == code
    assert codes.check(text.replace("-", " ")) == code


@pytest.mark.parametrize(
    "spoil", ["", "x", "{id}", "{id}-", "{text}2", "{short}", "\x00", "ä" * 99]
)
def test_anything_else_opens_nothing(spoil: str) -> None:
    code, text = codes.make("Students", Role.VIEWER, 30)
    assert codes.check(spoil.format(id=code.id, text=text, short=text[:-1])) is None


def test_the_secret_of_another_code_opens_nothing() -> None:
    first, text = codes.make("Students", Role.VIEWER, 30)
    second, _ = codes.make("Teacher", Role.ADMIN, 30)
    assert codes.check(second.id + text[len(first.id) :]) is None


def test_a_code_ends_with_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    code, text = codes.make("Students", Role.VIEWER, 1)
    monkeypatch.setattr(codes.time, "time", lambda: code.expires - 1)
    assert codes.check(text)
    monkeypatch.setattr(codes.time, "time", lambda: code.expires)
    assert codes.check(text) is None
    assert codes.codes()[code.id].state == "expired"


def test_a_withdrawn_code_stays_withdrawn_and_the_door_closed() -> None:
    assert not codes.exist()
    code, text = codes.make("Students", Role.VIEWER, 30)
    first = codes.withdraw(code.id)
    assert codes.check(text) is None
    assert codes.withdraw(code.id) == first, "the time of the first withdrawal is kept"
    assert codes.exist(), "a last code that is withdrawn opens the door to nobody"
    codes.forget_all()
    assert not codes.exist()


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b"\xff", b'{"a": 1}', b'{"a": {"id": "a"}}', b"[" * 100_000]
)
def test_a_damaged_file_lets_nobody_in(content: bytes) -> None:
    _, text = codes.make("Students", Role.VIEWER, 30)
    codes_file().write_bytes(content)
    assert codes.exist()
    with pytest.raises(InputError, match="damaged"):
        codes.check(text)
    with pytest.raises(InputError, match="damaged"):
        codes.make("Another", Role.VIEWER, 30)


@pytest.mark.parametrize("role", ["root", None, 3])
def test_a_role_that_is_none_makes_no_admin(role: object) -> None:
    code, text = codes.make("Students", Role.VIEWER, 30)
    content = json.loads(codes_file().read_text())
    content[code.id]["role"] = role
    codes_file().write_text(json.dumps(content))
    with pytest.raises(InputError, match="damaged"):
        codes.check(text)


@pytest.mark.parametrize(("name", "days"), [("", 1), (" ", 1), ("a\nb", 1), ("a" * 81, 1)])
def test_names_that_are_none_are_refused(name: str, days: float) -> None:
    with pytest.raises(InputError, match="80 characters"):
        codes.make(name, Role.VIEWER, days)


@pytest.mark.parametrize("days", [0, -1, float("nan"), float("inf"), 1e9])
def test_times_that_are_none_are_refused(days: float) -> None:
    with pytest.raises(InputError, match="days"):
        codes.make("Students", Role.VIEWER, days)


def test_what_is_no_code_costs_as_much_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """An id that exists is not told from one that does not by the time of the answer."""
    _, text = codes.make("Students", Role.VIEWER, 30)
    asked: list[str] = []
    hashed = codes._hash
    monkeypatch.setattr(
        codes, "_hash", lambda secret, salt: asked.append(salt) or hashed(secret, salt)
    )
    for entered in (text, text[:-1], "zzzzzz-aaaaa"):
        codes.check(entered)
    assert len(asked) == 3
