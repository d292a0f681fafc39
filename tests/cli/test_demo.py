import shutil
from functools import partial
from pathlib import Path

import pytest

from dermxai.core import paths
from dermxai.data import atlas
from dermxai.runs import open_run
from tests.cli.conftest import Command


def test_the_demo_fills_the_home_it_is_given(
    command: Command, monkeypatch: pytest.MonkeyPatch, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    checkpoints = tmp_path / "project"
    for name in ("another", "embedded"):  # who trains into the project's folder changes no demo
        shutil.copytree(tiny_checkpoint, checkpoints / name)
    monkeypatch.setattr("dermxai.models.info.EMBEDDED_CHECKPOINTS", checkpoints)
    monkeypatch.setattr(paths, "EMBEDDED_CHECKPOINTS", checkpoints)
    monkeypatch.setattr(paths, "EMBEDDED_CHECKPOINT", checkpoints / "embedded")
    monkeypatch.setattr(atlas, "write_atlas", partial(atlas.write_atlas, workers=1))
    line = ("demo", "--home", tmp_path / "other", "--images")
    code, out, err = command(*line, "3")
    assert (code, err) == (0, "")
    assert Path(out.strip()).is_relative_to(tmp_path / "other")
    ran = open_run(out.strip()).manifest["checkpoint"]["path"]
    assert ran == str(checkpoints / "embedded")
    assert command(*line, "3") == (0, out, "")
    code, again, err = command(*line, "2")
    assert (code, again) == (0, out)
    assert "atlas of 3 images" in err and "--images 2 had no effect" in err
