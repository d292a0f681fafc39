import json
from pathlib import Path

from dermxai.cli.access import ADDRESS
from tests.cli.conftest import Command, one_line


def test_a_code_is_shown_once_listed_and_withdrawn(
    command: Command, workspace: Path, monkeypatch
) -> None:
    monkeypatch.delenv(ADDRESS, raising=False)
    code, out, err = command("access", "make", "Students", "--days", 2)
    assert code == 0 and "only now" in err
    text = out.splitlines()[0].rpartition(": ")[2]
    assert out.splitlines()[1] == f"Link: http://localhost:8501/login#{text}"
    (listed,) = json.loads(command("access", "list", "--json")[1])
    assert (listed["name"], listed["role"], listed["state"]) == ("Students", "viewer", "valid")
    assert text not in command("access", "list")[1]
    code, out, _ = command("access", "withdraw", listed["id"])
    assert code == 0 and "withdrawn" in out
    _, out, _ = command("access", "log", "--json")
    assert [json.loads(line)["action"] for line in out.splitlines()] == [
        "made code",
        "withdrew code",
    ]


def test_what_is_no_address_or_no_code_is_one_line(command: Command) -> None:
    for line in (
        ("make", "x", "--url", "javascript:alert(1)"),
        ("make", "x", "--url", "http://host/#a"),
        ("withdraw", "nobody"),
    ):
        code, out, err = command("access", *line)
        assert (code, out) == (2, "") and one_line(err)
