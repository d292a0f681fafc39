"""The command line in this process, and what its verbs are run on."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dermxai.cli import main
from dermxai.core import paths
from dermxai.runs import Run
from tests.generated import generated_run

Output = tuple[int, str, str]
Command = Callable[..., Output]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command line in this process: its exit code, what it printed, what it complained."""

    def run(*arguments: object) -> Output:
        monkeypatch.setattr(sys, "argv", ["dermxai", *map(str, arguments)])
        capsys.readouterr()
        code = main()
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def run() -> Run:
    return generated_run(paths.runs() / "generated", images=60)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Two labelled images in the files of a table with columns of its own."""
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        Image.fromarray(rng.integers(0, 255, (60, 80, 3), np.uint8)).save(tmp_path / f"{name}.png")
    (tmp_path / "table.csv").write_text("id,file,what\na,a.png,nv\nb,b.png,bcc\n")
    return tmp_path / "table.csv"


def one_line(err: str) -> bool:
    return err.startswith("Error: ") and err.count("\n") == 1
