import json
from pathlib import Path

import pytest

from dermxai.core import paths
from dermxai.runs import Run
from dermxai.runs.files import RunFiles
from tests.cli.conftest import Command


@pytest.fixture
def dataset(run: Run) -> Path:
    """A dataset of the workspace, which the run is said to be of."""
    folder = paths.datasets() / "skin"
    folder.mkdir(parents=True)
    (folder / "1.png").write_bytes(b"x")
    manifest = RunFiles(run.root).manifest
    content = json.loads(manifest.read_text())
    content["dataset"] |= {"path": str(folder)}
    manifest.write_text(json.dumps(content))
    return folder


def test_it_shows_and_asks(
    command: Command, run: Run, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("typer.confirm", lambda question: False)
    code, out, _ = command("withdraw", "skin")
    assert code == 130 and f"run: {run.root}" in out
    assert run.root.is_dir()
    code, out, _ = command("withdraw", "skin", "--yes", "--json")
    assert code == 0
    assert json.loads(out)["removed"] == [{"what": "run", "path": str(run.root)}]
    assert not run.root.exists() and dataset.is_dir()
    assert command("withdraw", "nothing", "--yes")[0] == 2
