import sys
from pathlib import Path
from typing import Protocol

import pytest

from dermxai import plugins


class Contract(Protocol):
    TITLE: str

    def attribute(self) -> int: ...


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "made_up"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "good.py").write_text("TITLE = 'Good'\ndef attribute(): return 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "made_up"]:
        del sys.modules[name]
    plugins.forget()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("import nothing_of_this_name", "ModuleNotFoundError"),
        ("TITLE = ", "SyntaxError"),
        ("1 / 0", "ZeroDivisionError"),
        ("TITLE = 'No function'", "It has no attribute."),
        ("def attribute(): pass", "It has no TITLE."),
        ("raise SystemError('odd')", "odd"),
        ("raise SystemExit('needs libfoo')", "SystemExit: needs libfoo"),
        ("raise GeneratorExit", "GeneratorExit"),
        ("class E(Exception):\n    def __str__(self): 1 / 0\nraise E", "(E)"),
        ("def __getattr__(name): raise KeyError(name)", "KeyError"),
    ],
)
def test_one_that_cannot_be_used_is_left_out_with_its_reason_and_stops_no_other(
    package: Path, content: str, reason: str
) -> None:
    (package / "broken.py").write_text(content)
    assert list(plugins.modules("made_up", Contract)) == ["good"]
    (left_out,) = plugins.left_out("made_up", Contract)
    assert left_out.name == "broken" and reason in left_out.reason


def test_a_kind_without_a_contract_takes_what_loads(package: Path) -> None:
    (package / "other.py").write_text("")
    (package / "_helper.py").write_text("1 / 0")
    assert list(plugins.modules("made_up")) == ["good", "other"]
    assert plugins.left_out("made_up") == ()


def test_a_contract_asks_for_its_attributes_and_methods() -> None:
    assert plugins.members(Contract) == ("TITLE", "attribute")
