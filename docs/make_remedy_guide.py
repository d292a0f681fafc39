"""Takes the pictures of docs/guides/remedy.md from the real app, walking the way that it describes:
`python -m docs.make_remedy_guide`.

Prepares the demo in a workspace of its own (or in that of `DERMXAI_HOME`), finds its worst pair,
has the causes tested, tries three stacks of remedies, looks at the test with one, keeps it,
compares it with the network before, and writes the report. Prints what it finds, of which the guide
tells.
"""

import io
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from dermxai.jobs.kinds import find_kind
from dermxai.metrics.pair import most_confused
from dermxai.remedies.keep import keep
from dermxai.remedies.outcome import outcome
from dermxai.remedies.stack import Stack, fit_stack
from dermxai.report.evaluated import evaluated
from dermxai.report.remedies import headlines
from dermxai.runs import Run, open_run
from docs.make_screenshots import FLAGS, PROJECT, free_port, settled, wait_for

IMAGES = PROJECT / "docs" / "images"
STACKS = ("logit_offset", "average_heads", "retrain_heads")
KEPT, NAME = STACKS[2], "mended"
WIDTH, QUALITY = 1200, 62
PATIENCE = 600_000  # milliseconds: on a processor inference and the report take minutes


def main() -> None:
    with TemporaryDirectory() as folder:
        os.environ.setdefault("DERMXAI_HOME", folder)
        told = find_kind("demo").run(lambda *_, **__: None)
        run = open_run(str(told["run"]))
        pair = most_confused(evaluated(run, "test"))
        assert pair is not None
        print(f"The worst pair: {pair[0]} and {pair[1]}.")
        port = free_port()
        server = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py",
             "--server.port", str(port), "--server.headless", "true"],
            cwd=PROJECT,
        )  # fmt: skip
        try:
            wait_for(f"http://localhost:{port}/_stcore/health")
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
                    args=list(FLAGS),
                )
                page = browser.new_page(viewport={"width": 1440, "height": 900})
                page.set_default_timeout(PATIENCE)
                expect.set_options(timeout=PATIENCE)
                walk(page, f"http://localhost:{port}", run, pair)
                browser.close()
        finally:
            server.terminate()
            server.wait()


def walk(page: Page, address: str, run: Run, pair: tuple[str, str]) -> None:
    """The way of the guide, a picture at each station."""

    def go(path: str, **asked: str) -> None:
        page.goto(f"{address}/{path}?{urlencode({'run': run.id, **asked})}")
        settled(page)

    go("performance")
    taken(page, "remedy-1-pair")
    first, second = pair
    go("confusion_analysis", first=first, second=second)
    if page.get_by_role("button", name="Test the causes").count():
        page.get_by_role("button", name="Test the causes").click()
    expect(page.get_by_text("Images that speak for")).to_be_visible()
    settled(page)
    at(page, "Why they are confused")
    taken(page, "remedy-2-causes")
    for stack in STACKS:
        told = headlines(outcome(fit_stack(run, Stack.parsed(stack))))
        print(f"\n{stack}, validation images:\n{told.to_string()}")
    go("remedies", stack=KEPT)
    measured = "{0} of {0} images measured"
    images = {name: int((run.split == name).sum()) for name in ("validation", "test")}
    expect(page.get_by_text(measured.format(images["validation"]))).to_be_visible()
    settled(page)
    taken(page, "remedy-3-validation")
    page.get_by_test_id("stButtonGroup").get_by_text("Test", exact=True).click()
    expect(page.get_by_text(measured.format(images["test"]))).to_be_visible()
    settled(page)
    page.get_by_text("Measured on", exact=True).evaluate("element => element.scrollIntoView()")
    settled(page)
    taken(page, "remedy-4-test")
    fitted = fit_stack(run, Stack.parsed(KEPT))
    print(f"\n{KEPT}, test images:\n{headlines(outcome(fitted, 'test')).to_string()}")
    checkpoint = keep(fitted, NAME)
    made = find_kind("infer").run(
        lambda *_, **__: None,
        checkpoint=str(checkpoint),
        dataset=str(run.manifest["dataset"]["path"]),
    )
    go("model_comparison", models=Path(str(made["run"])).name)
    at(page, "Measures")
    taken(page, "remedy-5-comparison")
    go("performance")
    page.get_by_role("button", name="Make the report").click()
    expect(page.get_by_text("Report (HTML)")).to_be_visible()
    settled(page)
    at(page, "Report")
    taken(page, "remedy-6-offer")
    (report,) = (run.root / "reports").glob("*.html")
    page.goto(report.as_uri())
    taken(page, "remedy-7-report")
    page.locator("#causes").scroll_into_view_if_needed()
    page.evaluate("document.querySelector('#guidelines').scrollIntoView()")
    taken(page, "remedy-8-guidelines")


def at(page: Page, heading: str) -> None:
    """Puts a heading at the top."""
    found = page.get_by_role("heading", name=heading, exact=True).first
    found.evaluate("element => element.scrollIntoView()")
    settled(page)


def taken(page: Page, name: str) -> None:
    """A picture of what is seen, smaller."""
    with Image.open(io.BytesIO(page.screenshot())) as seen:
        smaller = seen.convert("RGB").resize((WIDTH, WIDTH * seen.height // seen.width))
    smaller.save(IMAGES / f"{name}.webp", quality=QUALITY, method=6)


if __name__ == "__main__":
    main()
