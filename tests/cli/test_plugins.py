import json
from pathlib import Path

import pytest

from dermxai import kinds
from tests.cli.conftest import Command
from tests.installed import installing

FORMAT = """
from dataclasses import dataclass
from dermxai.data.formats import Format

@dataclass(frozen=True, kw_only=True)
class All(Format):
    def recognises(self, path): return path.is_dir()
    def read(self, path, options): raise NotImplementedError

ALL = All(name="all", expects="all: whatever there is", priority=1)
"""
REASON = "It recognises any folder, even one with no image in it; expected a look at what is there"


def test_all_kinds_are_listed_and_what_is_left_out_says_why(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with installing(monkeypatch, tmp_path / "site") as install:
        install("dermxai.data.formats", "all = theirs_all", theirs_all=FORMAT)
        monkeypatch.setattr("dermxai.pages._trial.failures", lambda _: [])
        code, out, err = command("plugins")
        assert code == 0
        assert "attribution method: deconvolution, " in out and "\nlauncher: local, slurm\n" in out
        assert "\npage: dataset, performance, " in out
        assert err.startswith(f"dataset format all of theirs is left out. {REASON}")
        assert err.count("\n") == 1

        code, out, err = command("plugins", "--json")
        listed = json.loads(out)
        assert (code, err) == (0, "")
        assert listed["dataset format"]["used"][0] == {"name": "class_folders", "from": "dermxai"}
        (left_out,) = listed["dataset format"]["left_out"]
        assert left_out["name"] == "all of theirs" and left_out["reason"].startswith(REASON)
        assert {kind.title for kind in kinds.kinds()} <= set(listed)

        code, out, _ = command("doctor")
        assert code == 1
        assert f"The dataset format all of theirs is left out. {REASON}" in out
