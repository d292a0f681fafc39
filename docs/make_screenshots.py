"""Takes the pictures of the README from the real app: `python -m docs.make_screenshots`.

Prepares the demo in the workspace (`DERMXAI_HOME`), starts the server on a free port, opens the
pages in Chromium (`/usr/bin/chromium`, or the path in `CHROMIUM`) and writes docs/images/*.png.
"""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

from playwright.sync_api import Page, sync_playwright

from dermxai.jobs.kinds import find_kind
from dermxai.projection import project
from dermxai.runs import open_run
from dermxai.ui.app import demo

PROJECT = Path(__file__).resolve().parent.parent
IMAGES = PROJECT / "docs" / "images"
NAMES = ("dataset", "performance", "image", "compare_maps", "feature_map", "confusion_analysis")
FLAGS = (
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("localhost", 0))
        port: int = listener.getsockname()[1]
    return port


def settled(page: Page) -> None:
    """Waits until the script has run and figures have been drawn."""
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    page.wait_for_timeout(2500)


def main() -> None:
    prepared = find_kind("demo").run(lambda *_, **__: None)
    run = open_run(prepared["run"])
    project(run, "umap")
    example = demo.example(run)
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py",
         "--server.port", str(port), "--server.headless", "true"],
        cwd=PROJECT,
    )  # fmt: skip
    try:
        address = f"http://localhost:{port}"
        wait_for(f"{address}/_stcore/health")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=list(FLAGS)
            )
            for scheme in ("light", "dark"):
                page = browser.new_page(
                    viewport={"width": 1440, "height": 900}, color_scheme=scheme
                )
                page.set_default_timeout(120_000)  # milliseconds; the first page loads the model
                for name in NAMES:
                    path = "" if name == "dataset" else name  # the first page has no path
                    page.goto(f"{address}/{path}?run={run.id}&primary={example}")
                    settled(page)
                    suffix = "" if scheme == "light" else "-dark"
                    page.screenshot(path=IMAGES / f"{name.replace('_', '-')}{suffix}.png")
                page.close()
            browser.close()
    finally:
        server.terminate()


def wait_for(address: str, seconds: float = 60) -> None:
    """Until the server answers."""
    end = time.monotonic() + seconds
    while True:
        try:
            urlopen(address).close()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.3)
        else:
            return


if __name__ == "__main__":
    main()
