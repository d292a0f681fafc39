import sys
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from dermxai.core import components
from dermxai.core.components import Component, Kind, Text, faults_as_sentences
from dermxai.core.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Sum(Component):
    title: Text
    signed: bool = True

    @abstractmethod
    def of(self, values: list[int], most: int) -> int: ...


def faults(made: Sum) -> Iterator[str]:
    if made.of([2, 3], 9) != 5:
        yield "It does not add up."


SUMS = Kind(Sum, "made_up", "sum", faults)
HEAD = """
from dataclasses import dataclass
from tests.core.test_components import Sum

@dataclass(frozen=True)
class Plain(Sum):
    def of(self, values, most):
        return min(sum(values), most)
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "made_up"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "good.py").write_text(f"{HEAD}\nGOOD = Plain(name='good', title='Good')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "made_up"]:
        del sys.modules[name]
    components.forget()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("import nothing_of_this_name", "ModuleNotFoundError"),
        ("TITLE = ", "SyntaxError"),
        ("1 / 0", "ZeroDivisionError"),
        ("raise SystemExit('needs libfoo')", "SystemExit: needs libfoo"),
        ("raise GeneratorExit", "GeneratorExit"),
        ("class E(Exception):\n    def __str__(self): 1 / 0\nraise E", "(E)"),
        ("TITLE = 'No component'", "It holds no sum."),
        (f"{HEAD}\nBAD = Plain(name='bad')", "missing 1 required keyword-only argument: 'title'"),
        (f"{HEAD}\nBAD = Plain(name='bad', title='')", "title is '': string should have at least"),
        (f"{HEAD}\nBAD = Plain(name='Bad!', title='x')", "name is 'Bad!': string should match"),
        (f"{HEAD}\nBAD = Plain(name='bad', title='x', signed=1)", "signed is 1: input should be"),
        (f"{HEAD}\nBAD = Plain(name='good', title='x')", "There is another sum 'good'."),
        (
            f"{HEAD}\nclass Less(Sum): pass\nBAD = Less(name='bad', title='x')",
            "Can't instantiate abstract class Less",
        ),
        (
            f"{HEAD}\nclass Fewer(Plain):\n    def of(self, values): return 5\n"
            "BAD = Fewer(name='bad', title='x')",
            "of takes self, values; expected self, values, most.",
        ),
        (
            f"{HEAD}\nclass Wrong(Plain):\n    def of(self, values, most): return 4\n"
            "BAD = Wrong(name='bad', title='x')",
            "It does not add up.",
        ),
    ],
)
def test_one_that_cannot_be_used_is_left_out_with_its_reason_and_stops_no_other(
    package: Path, content: str, reason: str
) -> None:
    (package / "late.py").write_text(content)
    assert list(SUMS.all()) == ["good"]
    (left_out,) = SUMS.left_out()
    assert left_out.name == "late" and reason in left_out.reason
    assert left_out.reason.endswith((".", ")."))


def test_a_file_may_hold_several_and_import_those_of_others(package: Path) -> None:
    (package / "several.py").write_text(
        "from made_up.good import GOOD, Plain\n"
        "MORE = [Plain(name='not_found', title='In a list')]\n"
        "ONE, TWO = Plain(name='one', title='1'), Plain(name='two', title='2')\n"
    )
    (package / "_helper.py").write_text("1 / 0")
    assert list(SUMS.all()) == ["good", "one", "two"]
    assert SUMS.left_out() == ()
    assert SUMS.find("two").of([3, 4], 5) == 5
    with pytest.raises(InputError, match="There is no sum 'three'; choose from good, one, two"):
        SUMS.find("three")


@pytest.mark.parametrize("value", ["elsewhere", "elsewhere:FOREIGN"])
def test_other_packages_offer_theirs_as_entry_points_unless_that_is_switched_off(
    package: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    (package.parent / "elsewhere.py").write_text(
        "from made_up.good import Plain\nFOREIGN = Plain(name='foreign', title='Foreign')\n"
    )
    broken = EntryPoint("broken", "nowhere_at_all:X", "made_up")
    points = [EntryPoint("theirs", value, "made_up"), broken]
    monkeypatch.setattr(components, "entry_points", lambda group: points)
    assert list(SUMS.all()) == ["good", "foreign"]
    (left_out,) = SUMS.left_out()
    assert left_out.name == "broken" and "ModuleNotFoundError" in left_out.reason
    monkeypatch.setenv(components.FOREIGN, "off")
    components.forget()
    assert list(SUMS.all()) == ["good"]
    assert SUMS.left_out() == ()
    sys.modules.pop("elsewhere", None)


@pytest.mark.parametrize("error", [ValueError, SystemExit, GeneratorExit])
def test_checks_of_one_that_raises_end_in_a_sentence(error: type[BaseException]) -> None:
    @faults_as_sentences
    def found(name: str) -> Iterator[str]:
        yield f"Of {name}: first."
        raise error("two\nlines")

    first, last = found("a")
    assert first == "Of a: first."
    assert "two lines (test_components.py, line " in last and last.endswith(").")


def test_checks_can_be_stopped() -> None:
    @faults_as_sentences
    def found() -> Iterator[str]:
        yield "First."
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(found())
