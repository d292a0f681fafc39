import json
from pathlib import Path

import pytest

from dermxai.access import codes, gate, visits
from dermxai.access.files import access_folder, codes_file, rules_file, visits_folder
from dermxai.access.roles import Person, Role
from dermxai.core import paths


def _came(days: float = 30, role: Role = Role.VIEWER) -> tuple[codes.Code, visits.Visit, str]:
    code, _ = codes.make("Students", role, days)
    visit, shown = visits.begin(code)
    return code, visit, shown


def _person(shown: str) -> Person | None:
    visit = visits.find(visits.key_of(shown))
    return gate.person(gate.reference_to(visit)) if visit else None


def test_a_visit_by_a_code_has_the_codes_role_as_it_is_now() -> None:
    code, visit, shown = _came()
    assert _person(shown) == Person(f"code {code.id}", "Students", Role.VIEWER, visit.short)
    content = json.loads(codes_file().read_text())
    content[code.id]["role"] = "operator"
    codes_file().write_text(json.dumps(content))
    found = _person(shown)
    assert found and found.role is Role.OPERATOR


def test_a_visit_ends_with_its_code_its_time_and_its_logout(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code, _, shown = _came()
    codes.withdraw(code.id)
    assert _person(shown) is None

    _, visit, shown = _came()
    visits.end(visit)
    assert _person(shown) is None

    code, visit, shown = _came(days=0.1)
    assert visit.expires == code.expires < visit.begun + visits.LASTS
    _, long, _ = _came()
    assert long.expires == long.begun + visits.LASTS
    monkeypatch.setattr(visits.time, "time", lambda: visit.expires)
    assert _person(shown) is None


def test_the_files_of_visits_make_no_cookie(workspace: Path) -> None:
    _, visit, shown = _came()
    kept = "".join(file.read_text() for file in access_folder().rglob("*") if file.is_file())
    assert shown not in kept
    assert _person(visit.key) is None


@pytest.mark.parametrize(
    "reference",
    [None, "", "visit", "visit ", "visit ../../codes", "visit " + "0" * 64, "proxy ", "code abc"],
)
def test_references_to_nothing(reference: str | None) -> None:
    _came()
    assert gate.person(reference) is None


def test_who_was_sent_by_a_provider_has_the_role_of_the_rules_and_an_end() -> None:
    paths.home().mkdir(parents=True)
    rules_file().write_text('[people]\nadmin = ["7"]')
    visit = visits.adopt("signed", "7", {"name": "Anna"})
    found = _person("signed")
    assert found and (found.id, found.name, found.role) == ("oidc 7", "Anna", Role.ADMIN)
    rules_file().write_text("")
    found = _person("signed")
    assert found and found.role is None
    visits.end(visit)
    assert _person("signed") is None


def test_old_visits_are_swept(monkeypatch: pytest.MonkeyPatch) -> None:
    _, visit, _ = _came()
    monkeypatch.setattr(visits.time, "time", lambda: visit.expires + 1)
    _came()
    assert [file.stem for file in visits_folder().glob("*.json")] != [visit.key]
    assert len(list(visits_folder().glob("*.json"))) == 1
