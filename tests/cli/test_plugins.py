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
        assert (
            "attribution method: attention_relevance, " in out
            and "\nlauncher: local, slurm\n" in out
        )
        assert "\npage: dataset, performance, " in out
        assert err.startswith(f"dataset format all of theirs is left out. {REASON}")
        assert err.count("\n") == 1

        code, out, err = command("plugins", "--json")
        listed = json.loads(out)
        assert (code, err) == (0, "")
        assert {"name": "class_folders", "from": "dermxai"} in listed["dataset format"]["used"]
        (left_out,) = listed["dataset format"]["left_out"]
        assert left_out["name"] == "all of theirs" and left_out["reason"].startswith(REASON)
        assert {kind.title for kind in kinds.kinds()} <= set(listed)

        code, out, _ = command("doctor")
        assert code == 1
        assert f"The dataset format all of theirs is left out. {REASON}" in out


CONTROLS = """
from dataclasses import dataclass
import numpy as np
from dermxai.core.settings import Settings
from dermxai.explain.faithfulness.measure import ControlMap

class Diagonal(ControlMap[Settings]):
    def drawn(self, settings):
        print("drawn")
        return np.eye(8, dtype=np.float32)

class Random(Diagonal):
    def drawn(self, settings):
        return np.random.rand(8, 8).astype(np.float32)

ABOUT = {"unit": "none", "note": "A line.", "signed": False, "settings": Settings}
GOOD = Diagonal(name="diagonal", title="Diagonal", **ABOUT)
BAD = Random(name="drawn_anew", title="Drawn anew", **ABOUT)
"""
TWICE = "The same settings twice give two maps; a control map depends on its settings alone."


@pytest.fixture
def foreign(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    with installing(monkeypatch, tmp_path / "site") as install:
        install(CONTROL_GROUP, "theirs = theirs_controls", theirs_controls=CONTROLS)
        yield


CONTROL_GROUP = "dermxai.explain.faithfulness.controls"


@pytest.mark.usefixtures("foreign")
def test_a_check_says_a_sentence_a_fault_and_exits_with_one(command: Command) -> None:
    code, out, err = command("plugins", "--check")
    assert code == 1
    assert out.splitlines() == [
        "control map diagonal keeps its contract.",
        "control map drawn_anew: It draws from the random state of the process; draw from a "
        "generator.",
        f"control map drawn_anew: {TWICE}",
    ]
    assert set(err.splitlines()) == {"drawn"}

    code, out, _ = command("plugins", "--check", "--json")
    good, bad = json.loads(out)
    assert code == 1
    assert good == {"kind": "control map", "name": "diagonal", "origin": "theirs", "faults": []}
    assert bad["name"] == "drawn_anew" and TWICE in bad["faults"] and len(bad["faults"]) == 2


@pytest.mark.usefixtures("foreign")
def test_those_that_are_named_are_checked_the_projects_own_too(command: Command) -> None:
    code, out, _ = command("plugins", "--check", "diagonal", "table", "pca", "local")
    assert code == 0
    assert out.splitlines() == [
        "control map diagonal keeps its contract.",
        "projection method pca keeps its contract.",
        "dataset format table keeps its contract.",
        "launcher local keeps its contract.",
    ]
    code, out, err = command("plugins", "--check", "diagonal", "nobody")
    assert (code, out) == (2, "")
    assert err == "Error: There is no plug-in 'nobody'; dermxai plugins lists all.\n"
    code, out, err = command("plugins", "diagonal")
    assert (code, out) == (2, "") and "go with --check" in err


def test_what_is_left_out_or_leaves_is_a_fault(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with installing(monkeypatch, tmp_path / "site") as install:
        install("dermxai.data.formats", "all = theirs_all", theirs_all=FORMAT)
        for given in ((), ("all",)):
            code, out, _ = command("plugins", "--check", *given)
            assert code == 1
            assert out.startswith(f"dataset format all of theirs: It is left out. {REASON}")
    with installing(monkeypatch, tmp_path / "more") as install:
        leaves = CONTROLS.replace("return np.eye(8, dtype=np.float32)", "raise SystemExit(0)")
        install(CONTROL_GROUP, "theirs = theirs_leaves", theirs_leaves=leaves)
        code, out, _ = command("plugins", "--check", "diagonal")
        assert code == 1
        assert out == "control map diagonal: It raises SystemExit: 0 (theirs_leaves.py, line 10).\n"


def test_without_other_packages_there_is_nothing_to_check(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command("plugins", "--check")[:2] == (0, "No other package offers a plug-in.\n")
    assert command("plugins", "--check", "--json")[:2] == (0, "[]\n")


def test_a_page_whose_body_does_not_load_is_a_fault(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    page = (
        "from dermxai.pages import Page\nMINE = Page(name='mine', title='Mine', section='Explore', "
        "icon=':material/home:', order=2, help='Mine.', body='theirs_body:draw')\n"
    )
    with installing(monkeypatch, tmp_path / "site") as install:
        install("dermxai.pages", "mine = theirs_page:MINE", theirs_page=page, theirs_body="1 / 0")
        code, out, _ = command("plugins", "--check")
        assert code == 1
        assert out == "page mine: It does not load (ZeroDivisionError: division by zero).\n"
