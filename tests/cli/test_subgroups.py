"""`subgroups` keeps a confirmed slice, and says what it cannot do."""

import json
import sys

import numpy as np
import pytest

from dermxai.cli import main
from dermxai.core import paths
from dermxai.runs.files import RunFiles
from dermxai.slices import find_slices
from tests.generated import generated_run


def run_cli(*line: str) -> int:
    sys.argv = ["dermxai", "subgroups", *line]
    return main()


def test_a_confirmed_slice_is_kept_once(capsys: pytest.CaptureFixture[str]) -> None:
    run = generated_run(
        paths.runs() / "run", 700, classes=("EAD", "SD"), heads={"final": 4}, patients=300
    )
    chosen = ((run.samples["sex"] == "male") & (run.samples["site"] == "scalp")).to_numpy()
    logits = np.load(RunFiles(run.root).logits)
    logits[chosen] = -logits[chosen]
    np.save(RunFiles(run.root).logits, logits)
    assert run_cli("run", "--json", "--keep-as", "worst") == 0
    said = capsys.readouterr()
    told = json.loads(said.out)
    assert ["sex", "male"] in told["worst_slices"]["slices"][0]["conditions"]
    assert len(told["error_tree"]["nodes"]) > 1
    (made,) = find_slices(run.manifest["dataset"]["path"])[0]
    assert made.name == "worst" and "Kept" in said.err
    assert len(made) == told["worst_slices"]["slices"][0]["all_images"]
    assert run_cli("run", "--keep-as", "worst") == 2
    assert "There is a slice 'worst'" in capsys.readouterr().err


def test_few_patients_have_groups_but_no_tree(capsys: pytest.CaptureFixture[str]) -> None:
    generated_run(paths.runs() / "run", 30, patients=4)
    assert run_cli("run", "--by", "sex") == 0
    assert "4 patients came" in capsys.readouterr().out
    for line in (("--by", "nix"), ("--conditions", "9"), ("--measure", "auc"), ("--keep-as", "x")):
        code = run_cli("run", *line)
        assert code == 2 or line[0] == "--conditions", line
        assert len(capsys.readouterr().err.splitlines()) <= 1
