"""docs/extending.md: its code is what it says."""

import re
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from dermxai.core import components
from dermxai.explain.attribution.contract import method_faults
from dermxai.explain.attribution.method import METHODS

DOCUMENT = Path(__file__).parent.parent / "docs/extending.md"


def blocks(section: str) -> list[str]:
    """The Python of a section."""
    text = DOCUMENT.read_text(encoding="utf-8").partition(f"## {section}\n")[2]
    return re.findall(r"```python\n(.*?)```", text.partition("\n## ")[0], re.DOTALL)


def test_the_attribution_method_keeps_the_contract(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    method, check = blocks("An attribution method")
    package = tmp_path / "my_package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "tiles.py").write_text(method, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    points = [EntryPoint("tiles", "my_package.tiles", METHODS.package)]
    monkeypatch.setattr(components, "entry_points", lambda group: points)
    components.forget()
    try:
        assert METHODS.left_out() == () and "tiles" in METHODS.all()
        exec(check, {})
        assert capsys.readouterr().out == ""
        assert list(method_faults(METHODS.find("tiles"))) == []
    finally:
        for name in ("my_package", "my_package.tiles"):
            sys.modules.pop(name, None)
        components.forget()
