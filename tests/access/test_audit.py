import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from dermxai.access import audit
from dermxai.access.files import access_folder, audit_log
from dermxai.access.roles import Person, Role

ANNA = Person("code k3m9qd", "Anna", Role.ADMIN, "12345678")


def test_a_line_says_who_did_what_and_where_from() -> None:
    audit.record(ANNA, "exported", address="10.0.0.7", kind="png", run=None, bytes=12)
    (line,) = audit_log().read_text().splitlines()
    said = json.loads(line)
    assert said.pop("time").endswith("+00:00")
    assert said == {
        **{"person": "code k3m9qd", "name": "Anna", "role": "admin", "visit": "12345678"},
        **{"address": "10.0.0.7", "action": "exported", "kind": "png", "bytes": 12},
    }
    assert stat.S_IMODE(audit_log().stat().st_mode) == 0o600


def test_what_comes_from_outside_cannot_write_a_line_of_its_own() -> None:
    audit.record(ANNA, "opened dataset", dataset='x\n{"action": "forged"}\u2028\ud800' + "y" * 9999)
    (line,) = audit_log().read_bytes().splitlines()
    assert [entry["action"] for entry in audit.entries()] == ["opened dataset"]
    assert len(line) < 1000


def test_it_is_rotated_and_nothing_is_lost_of_what_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "LARGEST", 1000)
    with ThreadPoolExecutor(4) as several:
        list(several.map(lambda number: audit.record(ANNA, "x", number=number), range(60)))
    assert sorted(entry["number"] for entry in audit.entries()) == list(range(60))
    files = list(access_folder().glob("audit*.jsonl"))
    assert len(files) > 5
    assert all(file.stat().st_size < 1300 for file in files)
    monkeypatch.setattr(audit, "KEPT", 3)
    for number in range(60):
        audit.record(ANNA, "y", number=number)
    numbers = [entry["number"] for entry in audit.entries()]
    assert numbers[:8] == list(range(59, 51, -1)), "the newest first"


@pytest.mark.skipif(os.getuid() == 0, reason="root writes everywhere")
def test_an_unwritable_log_stops_nobody_who_looks_but_is_an_error() -> None:
    audit.record(ANNA, "x")
    audit_log().chmod(0)
    audit.note(ANNA, "x")
    with pytest.raises(OSError):
        audit.record(ANNA, "x")


def test_a_log_in_whose_place_a_folder_lies(caplog: pytest.LogCaptureFixture) -> None:
    audit_log().mkdir(parents=True)
    audit.note(ANNA, "x")
    assert "cannot be written" in caplog.text
    with pytest.raises(OSError):
        audit.record(ANNA, "x")
