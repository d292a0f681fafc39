"""axe-core on pages as a visitor sees them."""

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.e2e.visitor import Visitor

pytestmark = pytest.mark.e2e
NewVisitor = Callable[..., Visitor]
GRAVE = ("serious", "critical")
STREAMLIT = {  # rule: within which of Streamlit's own parts; docs/architecture.md lists them
    "list": "stSidebarNavItems",
    "listitem": "stSidebarNav",
}
PAGES = ("dataset", "performance", "image", "confusion_analysis", "nearest_neighbours")


def grave(visitor: Visitor) -> list[str]:
    """Serious findings in what is drawn here, with the rule and where."""
    visitor.settled()
    found = Axe().run(visitor.page).response["violations"]
    return [
        f"{each['id']}: {node['html'][:200]}"
        for each in found
        if each["impact"] in GRAVE
        for node in each["nodes"]
        if not _is_of_streamlit(visitor, each["id"], node["target"][-1])
    ]


def _is_of_streamlit(visitor: Visitor, rule: str, target: str) -> bool:
    within = STREAMLIT.get(rule)
    if within is None:
        return False
    return bool(
        visitor.page.locator(target).first.evaluate(
            "(node, within) => !!node.closest(`[data-testid=${within}]`)", within
        )
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_has_a_serious_finding(new_visitor: NewVisitor, theme: str) -> None:
    visitor = new_visitor("dataset", color_scheme=theme)
    found = {}
    for page in PAGES:
        visitor.go(page)
        expect(visitor.page.get_by_test_id("stMain").locator("h1").first).to_be_visible()
        found[page] = grave(visitor)
    assert not {page: each for page, each in found.items() if each}


def test_what_lacks_a_name_is_found(visitor: Visitor) -> None:
    """That the test can fail."""
    visitor.page.evaluate(
        "document.querySelector('[data-testid=stMain]').append(document.createElement('button'))"
    )
    assert any(each.startswith("button-name") for each in grave(visitor))


def test_pages_have_titles_and_images_words(visitor: Visitor) -> None:
    visitor.go("performance")
    expect(visitor.page).to_have_title("Performance · DermXAI")
    visitor.go("dataset")
    expect(visitor.page).to_have_title("Dataset · DermXAI")
    pictures = visitor.page.get_by_test_id("stMain").get_by_test_id("stImage").locator("img")
    words = pictures.first.get_attribute("alt")
    assert words and re.search(r", (no label|label \S+), predicted as \S+$", words)


@pytest.mark.parametrize("width", [390, 720])
def test_narrow_and_enlarged_pages_do_not_scroll_sideways(
    new_visitor: NewVisitor, width: int
) -> None:
    """A phone, and a laptop's window of 1440 pixels at 200 %."""
    visitor = new_visitor("performance", screen={"width": width, "height": 844})
    visitor.page.set_viewport_size({"width": width, "height": 844})
    visitor.settled()
    beyond = visitor.page.evaluate(
        "() => { const main = document.querySelector('[data-testid=stMain]');"
        " return main.scrollWidth - main.clientWidth; }"
    )
    assert beyond <= 1
