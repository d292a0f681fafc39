from pathlib import Path
from typing import Any

import pytest

from dermxai.access.files import rules_file
from dermxai.access.roles import Role
from dermxai.access.rules import rules
from dermxai.core import paths
from dermxai.core.errors import InputError

RULES = """
[people]
admin = ["anna@clinic.example"]
operator = ["subject-7"]
[claim]
name = "realm_access.roles"
viewer = ["students"]
operator = ["research"]
"""
VERIFIED = {"email": "anna@clinic.example", "email_verified": True}


def _write(text: str) -> None:
    paths.home().mkdir(parents=True, exist_ok=True)
    rules_file().write_text(text)


@pytest.mark.parametrize(
    ("subject", "claims", "role"),
    [
        ("x", {}, None),
        ("subject-7", {}, Role.OPERATOR),
        ("x", VERIFIED, Role.ADMIN),
        ("x", {**VERIFIED, "email_verified": False}, None),
        ("x", {**VERIFIED, "email_verified": "true"}, None),
        ("x", {"email": "anna@clinic.example"}, None),
        ("x", {"realm_access": {"roles": ["students"]}}, Role.VIEWER),
        ("x", {"realm_access": {"roles": ["students", "research"]}}, Role.OPERATOR),
        ("x", {"realm_access": {"roles": "research"}}, Role.OPERATOR),
        ("x", {"realm_access.roles": ["research"]}, Role.OPERATOR),
        ("x", {"realm_access": ["research"]}, None),
        ("x", {"realm_access": {"roles": [["research"], 3, None]}}, None),
        ("x", {"roles": ["research"], "groups": ["research"]}, None),
        ("subject-7", {"realm_access": {"roles": ["students"]}}, Role.OPERATOR),
    ],
)
def test_the_highest_role_that_a_person_is_named_for(
    subject: str, claims: dict[str, Any], role: Role | None
) -> None:
    _write(RULES)
    assert rules().role(subject, claims) is role


def test_without_a_file_nobody_comes_in_and_changes_count_at_once() -> None:
    assert rules().role("x", VERIFIED) is None
    _write('everyone = "viewer"')
    assert rules().role("x", {}) is Role.VIEWER
    _write('[people]\nadmin = ["x"]')
    assert rules().role("x", {}) is Role.ADMIN
    assert rules().role("y", {}) is None


@pytest.mark.parametrize("blocked", ["x", "carl@clinic.example"])
def test_who_is_blocked_comes_in_no_more(blocked: str) -> None:
    _write(f'everyone = "viewer"\nblocked = ["{blocked}"]\n[people]\nadmin = ["x"]')
    assert rules().role("x", {"email": "carl@clinic.example"}) is None
    assert rules().role("y", {}) is Role.VIEWER


def test_emails_of_a_provider_that_does_not_say_it_verifies_them() -> None:
    _write("unverified_emails = true\n" + RULES)
    assert rules().role("x", {"email": "anna@clinic.example"}) is Role.ADMIN


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('everyone = "root"', "everyone"),
        ('[people]\nadmin = "anna"', "people.admin"),
        ("[peple]\nadmin = []", "peple"),
        ("[[", "not TOML"),
        ("a = " + "[" * 5000, "not TOML"),
    ],
)
def test_what_is_not_understood_is_said(text: str, said: str) -> None:
    _write(text)
    with pytest.raises(InputError, match=said):
        rules()


def test_they_may_be_a_link_to_where_nothing_else_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = tmp_path / "etc" / "access.toml"
    held.parent.mkdir()
    held.write_text('everyone = "viewer"')
    monkeypatch.setenv("DERMXAI_ROOTS", str(tmp_path / "data"))
    rules_file().parent.mkdir(parents=True, exist_ok=True)
    rules_file().symlink_to(held)
    assert rules().role("anna", {}) is Role.VIEWER


@pytest.mark.parametrize("text", ["unverified_emails = 1", 'unverified_emails = "true"'])
def test_only_true_is_true(text: str) -> None:
    _write(text)
    with pytest.raises(InputError, match=r"unverified_emails of .*; expected true or false"):
        rules()
