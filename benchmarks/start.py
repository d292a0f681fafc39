"""From the start of the server to the first page in Chromium, beside a bare page of Streamlit.

    python -m benchmarks.start [--rounds N] [--json FILE] [--first]

The bare page has a title and one Plotly chart. Each round starts both, in turn, in a browser with
an empty cache; the demo has been made before, and nothing is computed in the background (teaching
mode). With `--first` the very first start is measured
instead: from an empty workspace, the demo's drawing and inference within the time. Needs Chromium
(`/usr/bin/chromium`, or the path in `CHROMIUM`).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from urllib.request import urlopen

from lightning.fabric.plugins.environments.lightning import find_free_network_port
from playwright.sync_api import Browser, Playwright, sync_playwright

from dermxai import jobs
from dermxai.core.paths import PROJECT
from dermxai.jobs.kinds import find_kind

BARE = """
import plotly.graph_objects as go
import streamlit as st

st.title("Dataset")
st.plotly_chart(go.Figure(go.Bar(x=[1, 2], y=[1, 2])))
"""
FIGURE = ".js-plotly-plot .nsewdrag"
PATIENCE = 300.0  # seconds
OURS = "Confusion analysis"  # the page that the demo opens


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--first", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["DERMXAI_HOME"] = home
        if arguments.first:
            words, figure = first()
            print(f"first start: title after {words:.1f} s, figure after {figure:.1f} s")
            return
        find_kind("demo").run(lambda *_, **__: None)
        os.environ["DERMXAI_TEACHING"] = "1"
        results = measure(Path(home), arguments.rounds)
    print(f"{'seconds':12}{'DermXAI':>22}{'bare':>22}{'ratio':>8}")
    for what, (ours, bare) in results.items():
        shown = [f"{median(each):.1f} ({min(each):.1f}-{max(each):.1f})" for each in (ours, bare)]
        print(f"{what:12}{shown[0]:>22}{shown[1]:>22}{median(ours) / median(bare):8.2f}")
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1))


def measure(home: Path, rounds: int) -> dict[str, tuple[list[float], list[float]]]:
    """Seconds to the title, and to the figure, of DermXAI and of the bare page."""
    peer = home / "bare"
    peer.mkdir()
    (peer / "app.py").write_text(BARE)
    ours, bare = [], []
    with sync_playwright() as playwright:
        browser = opened(playwright)
        for _ in range(rounds):
            ours.append(started(browser, PROJECT, OURS))
            bare.append(started(browser, peer, "Dataset"))
        browser.close()
    return {
        "title": ([words for words, _ in ours], [words for words, _ in bare]),
        "figure": ([figure for _, figure in ours], [figure for _, figure in bare]),
    }


def first() -> tuple[float, float]:
    """Seconds to the title and to the figure from an empty workspace."""
    with sync_playwright() as playwright:
        browser = opened(playwright)
        try:
            return started(browser, PROJECT, OURS)
        finally:
            browser.close()
            for job in jobs.list_jobs():
                jobs.cancel(job)


def opened(playwright: Playwright) -> Browser:
    program = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    return playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])


def started(browser: Browser, folder: Path, title: str) -> tuple[float, float]:
    """Seconds from the start of the app in a folder to its title and to its first figure."""
    port = find_free_network_port()
    address = f"http://localhost:{port}"
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.set_default_timeout(1000 * PATIENCE)
    began = time.perf_counter()
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py",
         "--server.port", str(port), "--server.headless", "true"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while not answers(f"{address}/_stcore/health"):
            if time.perf_counter() - began > PATIENCE:
                raise TimeoutError(f"The server of {folder} does not answer.")
            time.sleep(0.02)
        page.goto(address, wait_until="commit")
        page.get_by_role("heading", name=title, exact=True).wait_for()
        words = time.perf_counter() - began
        page.locator(FIGURE).first.wait_for()
        return words, time.perf_counter() - began
    finally:
        page.context.close()
        server.terminate()
        server.wait()


def answers(address: str) -> bool:
    try:
        urlopen(address).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main()
