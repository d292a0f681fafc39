import pytest

from dermxai import plugins
from dermxai.cli import main
from dermxai.plugins import LeftOut


def test_all_kinds_are_listed_and_what_is_left_out_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def left_out(package: str, contract: type | None) -> tuple[LeftOut, ...]:
        return (LeftOut("mine", "It has no TITLE."),) if package.endswith("explain.methods") else ()

    monkeypatch.setattr(plugins, "left_out", left_out)
    monkeypatch.setattr("sys.argv", ["dermxai", "plugins"])
    assert main() == 0
    out, err = capsys.readouterr()
    assert "attribution method: deconvolution, " in out and "\nlauncher: local, slurm\n" in out
    assert err == "attribution method mine is left out. It has no TITLE.\n"
