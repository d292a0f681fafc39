"""Slow requests of several visitors: each sees its place, and nobody who is quick waits."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from dermxai.ui.app.lanes import SLOW_AT_ONCE
from tests.e2e.conftest import PATIENCE, Server
from tests.e2e.visitor import Visitor
from tests.installed import write

pytestmark = pytest.mark.e2e
_HELD = '''
import time
from pathlib import Path

import numpy as np

from dermxai.core.settings import Settings
from dermxai.explain.attribution.method import AttributionMethod


class Held(AttributionMethod[Settings]):
    """Ends when its file is there."""

    def passes(self, classifier, settings):
        return 1000

    def attribute(self, classifier, image, target, settings, progress):
        while not Path({file!r}).exists():
            progress(1, 1000)
            time.sleep(0.05)
        progress(1000, 1000)
        return np.ones((4, 4), np.float32), ()


HELD = Held(
    name="held", title="Held", unit="nothing", note="Waits.", source="Nobody", signed=True,
    complete=False, settings=Settings,
)
'''


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """Slow work ends once this file is there."""
    return tmp_path / "release"


@pytest.fixture
def held(home: Path, browser: Browser, tmp_path: Path, release: Path) -> Iterator[Server]:
    """A server with a method whose work does not end by itself."""
    site = tmp_path / "site"
    method = _HELD.format(file=str(release))
    write(site, "dermxai.explain.attribution.methods", "held = held:HELD", {"held.py": method})
    running = Server(home, environment={"PYTHONPATH": str(site)})
    yield running
    running.kill()


def test_who_waits_for_slow_work_sees_how_many_come_before(
    held: Server, browser: Browser, release: Path
) -> None:
    def visit(page: str) -> Visitor:
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        seen = context.new_page()
        seen.set_default_timeout(PATIENCE)
        visitor = Visitor(seen, held.address)
        visitor.go(page)
        return visitor

    def pressed() -> Visitor:
        visitor = visit("image?method=held")
        visitor.page.get_by_role("button", name="Compute", exact=True).click()
        return visitor

    def says(visitor: Visitor, words: str) -> None:
        expect(visitor.page.get_by_text(re.compile(words))).to_be_visible()

    visitors = []
    for _ in range(SLOW_AT_ONCE):
        visitors.append(pressed())
        says(visitors[-1], r"^0.*% · .* left")
    second, third = pressed(), pressed()
    says(second, "Waiting for other visitors' work: yours is next")
    says(third, "Waiting for other visitors' work: 1 request before yours")
    if folder := os.environ.get("DERMXAI_PICTURES"):
        third.page.screenshot(path=Path(folder) / "queue.png")
    quick = visit("image?method=grad_cam")  # nobody who is quick waits for them
    says(quick, "^Grad-CAM explains the final head")
    second.page.get_by_role("button", name="Cancel").click()
    says(third, "Waiting for other visitors' work: yours is next")
    expect(second.page.get_by_role("button", name="Compute", exact=True)).to_be_visible()
    release.touch()
    for visitor in (*visitors, third):
        says(visitor, "In nothing")
    for visitor in (*visitors, second, third, quick):
        visitor.page.context.close()
