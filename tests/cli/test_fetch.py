import json
import sys
from pathlib import Path

import pytest

from dermxai.cli import main
from dermxai.core import paths
from dermxai.data.published import download, sets
from dermxai.data.published.download import Network
from tests.data.published.test_fetch import derma, host  # noqa: F401  # fixtures


def command(capsys: pytest.CaptureFixture[str], *line: str) -> tuple[int, str, str]:
    sys.argv = ["dermxai", "fetch", *line]
    code = main()
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture(autouse=True)
def local(monkeypatch: pytest.MonkeyPatch, workspace: Path) -> None:
    monkeypatch.setattr(sys, "argv", [])
    monkeypatch.setattr(
        download, "Network", lambda: Network(trusted="127.0.0.1", wait=lambda _: None)
    )


def test_the_licence_is_shown_before_anything_is_fetched(
    derma: object, host: object, capsys: pytest.CaptureFixture[str]  # noqa: F811
) -> None:  # fmt: skip
    code, out, err = command(capsys, "dermamnist")
    assert (code, out) == (2, "") and "CC BY-NC 4.0" in err and "add --yes" in err
    assert " MB, into " in err and not (paths.datasets() / "dermamnist.npz").exists()
    assert all(part == "bytes=0-0" for _, part in host.asked)  # type: ignore[attr-defined]
    code, out, err = command(capsys, "dermamnist", "--yes")
    assert code == 0 and err.index("CC BY-NC") < err.index("Fetched")
    assert (paths.datasets() / "dermamnist.npz").is_file()
    code, out, _ = command(capsys, "dermamnist", "--yes", "--json")
    assert json.loads(out)["path"] == str(paths.datasets() / "dermamnist.npz")


def test_without_a_name_the_sets_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = command(capsys)
    assert code == 0 and all(name in err for name in sets.SETS) and "isic-NUMBER" in err
    code, out, _ = command(capsys, "--json")
    assert {each["name"] for each in json.loads(out)["sets"]} == set(sets.SETS)


def test_an_unknown_set_ends_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = command(capsys, "nothing", "--yes")
    assert code == 2 and "No public set is known as 'nothing'" in err
