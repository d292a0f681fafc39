"""The guides do what they say: every block and cell is run, on a folder as they describe it."""

import io
import json
import re
import shlex
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pandas as pd
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from PIL import Image

from dermxai.cli import main
from dermxai.core import paths
from docs.make_guide_figure import BLOCK, GUIDE, blocks, run_python

NOTEBOOK = paths.PROJECT / "docs/guides/notebook.ipynb"


def run_commands(code: str, run: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Runs lines of a shell that call dermxai; what they printed, less what went to a file."""
    told = ""
    for line in code.splitlines():
        name, *arguments = shlex.split(line.replace("RUN", run))
        assert name == "dermxai", line
        *arguments, arrow, file = arguments if ">" in arguments else [*arguments, "", ""]
        assert arrow in ("", ">"), line
        monkeypatch.setattr(sys, "argv", ["dermxai", *arguments])
        with redirect_stdout(io.StringIO()) as printed:
            assert main() == 0, line
        if file:
            Path(file).write_text(printed.getvalue(), "utf-8")
        else:
            told += printed.getvalue()
    return told


def test_no_block_of_the_guide_is_left_untried() -> None:
    found = BLOCK.findall(GUIDE.read_text("utf-8"))
    assert {name for name, _ in found} == {"bash", "python", "text"}
    assert len(found) * 2 == len(re.findall("^ *```", GUIDE.read_text("utf-8"), re.MULTILINE))
    assert len(blocks("bash")) >= 4 and len(blocks("python")) >= 8


def test_the_guide_on_the_command_line(lesions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, *rest = blocks("bash")
    run = Path(run_commands(first, "", monkeypatch).strip()).name
    told = run_commands("".join(rest), run, monkeypatch)
    assert "6 of 12 images evaluated" in told and "grad_cam" in told
    measures = json.loads(Path("measures.json").read_text("utf-8"))
    assert measures["origin"]["run"] == run and measures["counts"]["units"] == 3
    written = sorted(each.suffix for each in Path("maps").iterdir())
    assert written == [".npz"] * 3 + [".png"] * 3 + [".svg"] * 3
    assert "EAD" in Path("pair.html").read_text("utf-8")
    assert json.loads(Path("pair.json").read_text("utf-8"))


def test_the_guide_in_python(lesions: Path, capsys: pytest.CaptureFixture[str]) -> None:
    there = run_python()
    run = there["run"]
    assert there["found"].confused()[0][0] == "mel" != there["true"], "one that the model knows"
    for name, rows in {"overall": None, "classes": 14, "predictions": 12, "confusion": 3}.items():
        table = pd.read_csv(f"{name}.csv")
        assert set(table["run"]) == {run.id} and len(table) == (rows or len(there["found"].overall))
    assert {"value", "low", "high"} <= set(pd.read_csv("overall.csv"))
    with Image.open("figure.png") as figure:
        assert figure.width > 2 * figure.height
        described = json.loads(figure.text["Description"])  # type: ignore[attr-defined]
    assert [each["method"] for each in described["maps"]] == ["vote_map", "grad_cam"]
    assert described["checkpoint_hash"] == there["classifier"].hash
    assert run.id in Path("figure.svg").read_text("utf-8")
    assert Path("figure.pdf").read_bytes().startswith(b"%PDF-")
    with np.load("figure.npz") as numbers:
        np.testing.assert_array_equal(numbers["map_1"], there["maps"][0].map)
    assert run.id in Path("caption.txt").read_text("utf-8")
    assert Path("pair.html").is_file()
    assert "predicted as" in capsys.readouterr().out


def executed(notebook: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The notebook after a kernel of its own has run it in a folder."""
    monkeypatch.setenv("PYTHONPATH", str(paths.PROJECT))
    monkeypatch.setenv("IPYTHONDIR", str(folder / "ipython"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(folder / "jupyter"))
    client = NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    return client.execute()


@pytest.mark.filterwarnings("default")
def test_the_notebook(lesions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = executed(nbformat.read(NOTEBOOK, as_version=4), lesions, monkeypatch)
    outputs = [each for cell in made.cells if cell.cell_type == "code" for each in cell.outputs]
    kinds = {kind for each in outputs for kind in each.get("data", {})}
    assert {"image/png", "text/html"} <= kinds
    assert {"value", "low", "high"} <= set(pd.read_csv("overall.csv"))
    assert "Vote map" in Path("figure.svg").read_text("utf-8")


@pytest.mark.filterwarnings("default")
def test_a_notebook_with_a_mistake_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import dermxai.absent")])
    with pytest.raises(CellExecutionError, match="absent"):
        executed(wrong, tmp_path, monkeypatch)


def test_the_notebook_is_kept_without_what_it_gave() -> None:
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    assert len(code) >= 6
    assert not any(cell.outputs or cell.execution_count for cell in code)
    assert not re.search(r"/(work|home|Users|mnt|data)/", NOTEBOOK.read_text("utf-8"))
