"""Packages of others that are installed beside ours, as pip leaves them."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dermxai.core import components

Install = Callable[..., None]


def write(folder: Path, group: str, entry: str, files: dict[str, str]) -> None:
    """A package ``theirs`` that offers a component.

    Args:
        folder: stands for site-packages.
        entry: "name = module:object".
        files: contents by their names.
    """
    about = folder / "theirs-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[{group}]\n{entry}\n")
    for name, content in files.items():
        (folder / name).write_text(content)


@contextmanager
def installing(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[Install]:
    before = set(sys.modules)

    def install(group: str, entry: str, **files: str) -> None:
        write(folder, group, entry, {f"{name}.py": text for name, text in files.items()})
        monkeypatch.syspath_prepend(str(folder))
        components.forget()

    yield install
    monkeypatch.undo()
    components.forget()
    for name in set(sys.modules) - before:
        if str(folder) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]
