"""From the start of the server to the first page in Chromium, beside a bare page of Streamlit.

    python -m benchmarks.start [--rounds N] [--json FILE]

The bare page has a title and one Plotly chart. Each round starts both, in turn, in a browser with
an empty cache; the demo has been made before. Needs Chromium (`/usr/bin/chromium`, or the path in
`CHROMIUM`).
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
from playwright.sync_api import Browser, sync_playwright

from dermxai.jobs.kinds import find_kind
from dermxai.paths import PROJECT

BARE = """
import plotly.graph_objects as go
import streamlit as st

st.title("Dataset")
st.plotly_chart(go.Figure(go.Bar(x=[1, 2], y=[1, 2])))
"""
FIGURE = ".js-plotly-plot .nsewdrag"
PATIENCE = 120.0  # seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["DERMXAI_HOME"] = home
        find_kind("demo").run(lambda *_, **__: None)
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
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"]
        )
        for _ in range(rounds):
            ours.append(started(browser, PROJECT))
            bare.append(started(browser, peer))
        browser.close()
    return {
        "title": ([words for words, _ in ours], [words for words, _ in bare]),
        "figure": ([figure for _, figure in ours], [figure for _, figure in bare]),
    }


def started(browser: Browser, folder: Path) -> tuple[float, float]:
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
        page.get_by_role("heading", name="Dataset", exact=True).wait_for()
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
