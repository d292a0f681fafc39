import pytest

from dermxai.cli import main
from dermxai.components import Kind, LeftOut
from dermxai.explain.method import METHODS


def test_all_kinds_are_listed_and_what_is_left_out_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def left_out(kind: Kind) -> tuple[LeftOut, ...]:
        return (LeftOut("mine", "It has no title."),) if kind is METHODS else ()

    monkeypatch.setattr(Kind, "left_out", left_out)
    monkeypatch.setattr("sys.argv", ["dermxai", "plugins"])
    assert main() == 0
    out, err = capsys.readouterr()
    assert "attribution method: deconvolution, " in out and "\nlauncher: local, slurm\n" in out
    assert err == "attribution method mine is left out. It has no title.\n"
