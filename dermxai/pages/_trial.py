"""Whether the bodies of pages can be imported, tried in processes of their own: what a body does as
it is imported, harms nobody, not even where it never ends."""

import ast
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from pkgutil import resolve_name
from tempfile import TemporaryDirectory

from dermxai.core.components import LeftOut, error_text
from dermxai.pages import Page

SECONDS = 120.0
"""For all bodies together, or for those after one that did not end."""


def failures(pages: Sequence[Page], seconds: float = SECONDS) -> list[LeftOut]:
    """Those whose body cannot be imported, with the reason."""
    waiting = list(pages)
    failed: list[LeftOut] = []
    while waiting:
        told, ended = _tried(waiting, seconds)
        failed += [LeftOut(name, reason) for name, reason in told if reason]
        waiting = waiting[len(told) :]
        if waiting:  # the one that it was at
            failed.append(LeftOut(waiting.pop(0).name, ended))
    return failed


def _tried(pages: Sequence[Page], seconds: float) -> tuple[list[tuple[str, str]], str]:
    """Name, and reason where it cannot be imported, of the pages that one process came to; and how
    it ended if not by itself."""
    with TemporaryDirectory() as folder:
        asked, told = Path(folder, "asked.json"), Path(folder, "told.jsonl")
        asked.write_text(json.dumps([_asked(page) for page in pages]), encoding="utf-8")
        told.touch()
        child = subprocess.Popen(
            [
                *(sys.executable, "-c"),
                "import sys; sys.path[:] = sys.argv[3:]\n"
                "from dermxai.pages._trial import serve\nserve(*sys.argv[1:3])",
                *(str(asked), str(told)),
                *(str(Path(place).absolute()) for place in sys.path),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            code = child.wait(seconds)
            ended = f"Importing it ended the process (code {code})."
        except subprocess.TimeoutExpired:
            ended = f"Importing it takes longer than {seconds:g} s."
        finally:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        lines = told.read_text(encoding="utf-8").splitlines()
    return [tuple(json.loads(line)) for line in lines], ended


def _asked(page: Page) -> tuple[str, str, str, str, bool]:
    return page.name, page.title, page.icon, str(page.body), isinstance(page.body, Path)


def serve(asked: str, told: str) -> None:
    """Imports what a file lists, and notes each in another as it goes."""
    with Path(told).open("a", encoding="utf-8") as file:
        for name, title, icon, body, is_script in json.loads(Path(asked).read_text("utf-8")):
            reason = _not_shown(title, icon, name) or _reason(body, is_script)
            file.write(json.dumps([name, reason]) + "\n")
            file.flush()


def _not_shown(title: str, icon: str, name: str) -> str:
    """Why Streamlit makes no page of what describes one; empty where it does."""
    try:
        import_module("streamlit").Page(lambda: None, title=title, icon=icon, url_path=name)
    except Exception as error:
        return f"Streamlit refuses it ({error_text(error)})."
    return ""


def _reason(body: str, is_script: bool) -> str:
    """Why a body cannot be imported; empty where it can."""
    try:
        if is_script:
            _import_all(ast.parse(Path(body).read_text(encoding="utf-8")))
            return ""
        return "" if callable(resolve_name(body)) else f"{body} is no function."
    except BaseException as error:  # sys.exit in a file of somebody else's, too
        return f"It does not load ({error_text(error)})."


def _import_all(script: ast.Module) -> None:
    """What a script imports as it begins."""
    for node in script.body:
        if isinstance(node, ast.Import):
            for each in node.names:
                import_module(each.name)
        elif isinstance(node, ast.ImportFrom):
            module = import_module(f"{'.' * node.level}{node.module or ''}")
            for each in node.names:
                if each.name != "*" and not hasattr(module, each.name):
                    import_module(f"{module.__name__}.{each.name}")
