"""What a person does with the app."""

import re
from urllib.parse import parse_qs, urlparse

from playwright.sync_api import Locator, Page, expect

_POINT = """(plot, id) => {
  for (const trace of plot._fullData) {
    const at = Array.from(trace.customdata || []).findIndex(d => String(d) === id);
    if (at < 0) continue;
    const {xaxis, yaxis} = plot._fullLayout;
    const box = plot.getBoundingClientRect();
    return [box.x + xaxis._offset + xaxis.d2p(trace.x[at]),
            box.y + yaxis._offset + yaxis.d2p(trace.y[at])];
  }
  return null;
}"""
_IDS = "plot => plot._fullData.flatMap(t => Array.from(t.customdata || []).map(String))"


class Visitor:
    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self._address = address

    def go(self, address: str) -> None:
        self.page.goto(f"{self._address}/{address}")
        self.settled()

    def settled(self) -> None:
        """Waits until the server has nothing more to say."""
        self.page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()
        expect(self.page.locator('[data-testid="stSkeleton"]')).to_have_count(0)

    def open(self, page: str) -> None:
        self.page.get_by_role("link", name=page, exact=True).click()
        self.settled()

    def choose(self, option: str) -> None:
        """An option of a segmented control."""
        wanted = self.page.get_by_role("radio", name=option, exact=True)
        wanted.click()
        expect(wanted).to_be_checked()
        self.settled()

    @property
    def parameters(self) -> dict[str, str]:
        found = parse_qs(urlparse(self.page.url).query)
        return {name: values[0] for name, values in found.items()}

    @property
    def sidebar(self) -> Locator:
        return self.page.get_by_test_id("stSidebar")

    def expect_selected(self, words: str | re.Pattern[str]) -> None:
        expect(self.sidebar.get_by_text(words)).to_be_visible()

    def plot(self, number: int = 0) -> Locator:
        drawn = self.page.locator(".js-plotly-plot").nth(number)
        expect(drawn.locator(".nsewdrag").first).to_be_visible()
        drawn.evaluate("plot => plot.scrollIntoView({block: 'center', behavior: 'instant'})")
        return drawn

    def ids_on_map(self) -> list[str]:
        ids: list[str] = self.plot().evaluate(_IDS)
        return ids

    def place_on_map(self, sample_id: str) -> tuple[float, float]:
        """Where a sample's point lies in the window."""
        x, y = self.plot().evaluate(_POINT, sample_id)
        return x, y

    def drag(self, *places: tuple[float, float]) -> None:
        mouse = self.page.mouse
        mouse.move(*places[0])
        mouse.down()
        for place in places[1:]:
            mouse.move(*place, steps=6)
        mouse.up()
