"""The real app in a real Chromium, over a small atlas and a tiny network."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from dermxai.core import paths
from tests.e2e.visitor import Visitor

ARGUMENTS = (
    *("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-quic"),
    *("--no-first-run", "--disable-background-networking", "--disable-component-update"),
    "--disable-sync",
)
PATIENCE = 60_000  # ms, for machines that do other things meanwhile


class Server:
    """The app as `streamlit run` serves it, from a workspace of its own."""

    def __init__(
        self, home: Path, *options: str, environment: Mapping[str, str] | None = None
    ) -> None:
        self.options = options
        self.environment = environment or {}
        with socket.socket() as free:
            free.bind(("localhost", 0))
            self.port = free.getsockname()[1]
        self.home = home
        self.log = home / "server.log"
        self.start()

    @property
    def address(self) -> str:
        return f"http://localhost:{self.port}"

    def start(self) -> None:
        options = ["--server.port", str(self.port), "--server.headless", "true", *self.options]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "streamlit", "run", "app.py", *options],
                cwd=paths.PROJECT,
                env=os.environ | {"DERMXAI_HOME": str(self.home), **self.environment},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                urllib.request.urlopen(f"{self.address}/_stcore/health", timeout=1)
            except OSError:
                time.sleep(0.2)
            else:
                return
        raise TimeoutError(self.log.read_text())

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    if not Path(chromium).is_file():
        reason = f"there is no Chromium at {chromium}; name one in CHROMIUM"
        if os.environ.get("DERMXAI_REQUIRE_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def home(tiny_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a run of a tiny network over an atlas of 84 images, and its PCA."""
    from dermxai.data import load_dataset
    from dermxai.data.atlas import AtlasSettings, write_atlas
    from dermxai.models import load_classifier
    from dermxai.projection import project
    from dermxai.runs import infer

    home = tmp_path_factory.mktemp("home")
    before = os.environ.get("DERMXAI_HOME")
    os.environ["DERMXAI_HOME"] = str(home)
    try:
        shutil.copytree(tiny_checkpoint, paths.checkpoints() / "tiny")
        atlas = write_atlas(paths.datasets() / "atlas", AtlasSettings(images=84, size=128))
        run = infer(load_classifier(paths.checkpoints() / "tiny"), load_dataset(atlas))
        project(run, "pca")
        more = paths.datasets() / "more"
        shutil.copytree(atlas / "images", more)
        for index in range(20):
            for file in list(atlas.glob("images/*"))[:40]:
                shutil.copy(file, more / f"{index}-{file.name}")
    finally:
        if before is None:
            del os.environ["DERMXAI_HOME"]
        else:
            os.environ["DERMXAI_HOME"] = before
    return home


@pytest.fixture(scope="session")
def server(home: Path, browser: Browser) -> Iterator[Server]:
    running = Server(home)
    yield running
    running.kill()


@pytest.fixture
def new_visitor(server: Server, browser: Browser) -> Iterator[Callable[..., Visitor]]:
    """A browser of its own, as another person has; what it asked other hosts for is an error, and
    so is what the server's policy kept a page from."""
    contexts, elsewhere, refused = [], [], []

    def visit(address: str = "", **options: object) -> Visitor:
        context = browser.new_context(viewport={"width": 1440, "height": 1100}, **options)
        contexts.append(context)
        page: Page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((server.address, "data:", "blob:"))
                else elsewhere.append(request.url)
            ),
        )
        page.on(
            "console",
            lambda said: refused.append(said.text) if "Security Policy" in said.text else None,
        )
        visitor = Visitor(page, server.address)
        visitor.go(address)
        return visitor

    yield visit
    for context in contexts:
        context.close()
    assert not elsewhere, "a page asked another host for something"
    assert not refused, "the security policy stands in a page's way"


@pytest.fixture
def visitor(new_visitor: Callable[..., Visitor]) -> Visitor:
    return new_visitor()
