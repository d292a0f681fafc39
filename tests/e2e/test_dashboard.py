"""One visit after another, as a person would look around."""

import re
from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import expect

from dermxai.jobs import Job, State, open_job
from tests.e2e.conftest import Server
from tests.e2e.visitor import Visitor

pytestmark = pytest.mark.e2e
NewVisitor = Callable[..., Visitor]
_CUT_OFF = """plot => {
  const {left, right} = plot.getBoundingClientRect();
  const beyond = ({left: l, right: r}) => r > l && (l < left - 1 || r > right + 1);
  return Array.from(plot.querySelectorAll("svg text"))
    .filter(text => beyond(text.getBoundingClientRect())).map(text => text.textContent);
}"""


def picture(visitor: Visitor) -> str:
    """The address of the large image, which tells what is seen."""
    drawn = visitor.page.get_by_test_id("stMain").get_by_test_id("stImage").locator("img").first
    drawn.wait_for()
    return str(drawn.get_attribute("src"))


def test_start_shows_the_newest_run_and_its_images(visitor: Visitor) -> None:
    expect(visitor.page.get_by_role("heading", name="Dataset")).to_be_visible()
    expect(visitor.page.get_by_text("84 images · ")).to_be_visible()
    expect(visitor.page.get_by_test_id("stMain").get_by_test_id("stImage")).to_have_count(24)
    expect(visitor.page.get_by_text("For research and teaching, not for diagnosis")).to_be_visible()
    assert "run" in visitor.parameters


def test_a_link_to_a_page_is_followed_at_once(new_visitor: NewVisitor, server: Server) -> None:
    """Also by the first visitor of a server."""
    server.kill()
    server.start()
    visitor = new_visitor("performance")
    expect(visitor.page.get_by_role("heading", name="Performance")).to_be_visible()
    expect(visitor.page.get_by_role("dialog")).to_have_count(0)


def test_the_first_page_has_a_name_in_the_address_too(new_visitor: NewVisitor) -> None:
    visitor = new_visitor("dataset")
    expect(visitor.page.get_by_role("heading", name="Dataset", exact=True)).to_be_visible()
    expect(visitor.page.get_by_role("dialog")).to_have_count(0)
    assert "run" in visitor.parameters


def test_a_cell_of_the_matrix_selects_its_images(visitor: Visitor) -> None:
    visitor.open("Performance")
    visitor.choose("All")
    expect(visitor.page.get_by_text("84 of 84 images evaluated")).to_be_visible()
    visitor.settled()
    x, y, images = visitor.plot().evaluate(
        """plot => {
          const {xaxis, yaxis} = plot._fullLayout, box = plot.getBoundingClientRect();
          for (const trace of plot._fullData)
            for (const [i, [kind, label, read]] of (trace.customdata || []).entries())
              if (kind === 'cell' && label !== read && !/<b>(0|no) /.test(trace.hovertext[i]))
                return [box.x + xaxis._offset + xaxis.d2p(trace.x[i]),
                        box.y + yaxis._offset + yaxis.d2p(trace.y[i]),
                        trace.hovertext[i].match(/<b>([0-9]+) /)[1]];
        }"""
    )
    visitor.page.mouse.click(x, y)
    visitor.expect_selected(f"{images} image{'s' * (images != '1')} selected")
    visitor.settled()
    cards = visitor.page.get_by_test_id("stMain").get_by_test_id("stImage")
    expect(cards).to_have_count(min(24, int(images)))
    assert "sel" in visitor.parameters
    visitor.page.get_by_role("button", name="Clear").click()
    expect(visitor.sidebar.get_by_text("selected")).to_have_count(0)


def test_an_image_is_opened_and_its_overlay_moved(visitor: Visitor) -> None:
    card = visitor.page.get_by_test_id("stMain").get_by_test_id("stImage").nth(2)
    card.scroll_into_view_if_needed()
    box = card.bounding_box()
    assert box is not None
    visitor.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(visitor.page.get_by_text("the Grad-CAMs of all")).to_be_visible()
    visitor.settled()
    assert "image?" in visitor.page.url
    first = picture(visitor)
    visitor.page.get_by_role("slider", name="Strength").press("ArrowRight")
    expect(visitor.page.locator(f'img[src="{first}"]')).to_have_count(0)
    visitor.settled()
    before = visitor.parameters["primary"]
    visitor.page.get_by_role("button", name="Next").click()
    expect(visitor.page.get_by_text("4 of 84")).to_be_visible()
    assert visitor.parameters["primary"] != before


def test_a_slow_map_is_made_on_request(visitor: Visitor) -> None:
    visitor.go("image?method=integrated_gradients")
    expect(visitor.page.get_by_text("Completeness gap")).to_have_count(0)
    visitor.page.get_by_role("button", name="Compute").click()
    expect(visitor.page.get_by_text("Completeness gap")).to_be_visible()


def test_a_head_is_seen_large_by_a_click_on_its_picture_or_bar(visitor: Visitor) -> None:
    visitor.open("Image")
    visitor.page.get_by_role("button", name=re.compile(r"^block 2 ")).click()
    expect(visitor.page.get_by_text("explains block 2, one vote of")).to_be_visible()
    assert visitor.parameters["head"] == "block 2"
    bar = visitor.plot(0).locator(".barlayer .point path").nth(4)  # after biases and three blocks
    bar.click(force=True)
    expect(visitor.page.get_by_text("explains block 4, one vote of")).to_be_visible()


def test_a_point_of_the_map_shows_its_image_and_a_lasso_selects(
    visitor: Visitor, new_visitor: NewVisitor
) -> None:
    visitor.open("Feature map")
    visitor.choose("PCA")
    wanted = visitor.ids_on_map()[5]
    x, y = visitor.place_on_map(wanted)
    before = visitor.plot().bounding_box()
    visitor.page.mouse.click(x, y)
    expect(visitor.page.get_by_text("the Grad-CAMs of all")).to_be_visible()
    visitor.settled()
    primary = visitor.parameters["primary"]
    px, py = visitor.place_on_map(primary)
    after = visitor.plot().bounding_box()  # what is above may take another line
    assert before and after
    assert abs(px - after["x"] - (x - before["x"])) < 8, "the point under the mouse, or over it"
    assert abs(py - after["y"] - (y - before["y"])) < 8

    visitor.plot().locator('[data-title="Lasso Select"]').click()
    box = visitor.plot().locator(".nsewdrag").bounding_box()
    assert box is not None
    left, top = box["x"] + 4, box["y"] + 4
    right, low = box["x"] + box["width"] - 4, box["y"] + box["height"] - 4
    visitor.drag((left, top), (right, top), (right, low), (left, low), (left, top + 2))
    visitor.expect_selected("84 images selected")
    visitor.settled()

    other = new_visitor(visitor.page.url.partition("/")[2].partition("/")[2].partition("/")[2])
    other.expect_selected("84 images selected")
    assert other.parameters == visitor.parameters
    expect(other.sidebar.get_by_role("button", name="Primary")).to_be_visible()


def test_an_image_is_uploaded_and_stays_with_its_visitor(
    visitor: Visitor, new_visitor: NewVisitor
) -> None:
    visitor.open("Image")
    buffer = BytesIO()
    Image.new("RGB", (90, 70), (210, 140, 120)).save(buffer, "JPEG")
    visitor.page.get_by_role("button", name="Own image").click()
    visitor.page.locator('input[type="file"]').set_input_files(
        {"name": "我的 <b>image</b>.jpg", "mimeType": "image/jpeg", "buffer": buffer.getvalue()}
    )
    expect(visitor.page.get_by_text("it stays in this session only")).to_be_visible()
    expect(visitor.page.get_by_role("heading", name="我的 <b>image</b>.jpg")).to_be_visible()
    expect(visitor.page.get_by_text("the Grad-CAMs of all")).to_be_visible()
    other = new_visitor("image")
    expect(other.page.get_by_text("it stays in this session only")).to_have_count(0)


def test_narrow_windows_and_dark_ones(new_visitor: NewVisitor) -> None:
    """Nothing is wider than the window."""
    for name in ("", "performance", "image", "feature_map"):
        visitor = new_visitor(name, color_scheme="dark")
        visitor.page.set_viewport_size({"width": 420, "height": 900})
        visitor.settled()
        assert visitor.page.evaluate("document.documentElement.scrollWidth") <= 420
        visitor.page.context.close()


@pytest.mark.parametrize("width", [820, 1280])
def test_no_words_of_a_figure_are_cut_off(new_visitor: NewVisitor, width: int) -> None:
    """On a projector, and in half a window beside the sidebar."""
    for name in ("", "performance", "image"):
        visitor = new_visitor(name)
        visitor.page.set_viewport_size({"width": width, "height": 720})
        visitor.settled()
        for number in range(visitor.page.locator(".js-plotly-plot").count()):
            plot = visitor.plot(number)
            visitor.page.wait_for_timeout(500)  # it is drawn anew for its width
            assert plot.evaluate(_CUT_OFF) == []
        visitor.page.context.close()


def test_inference_is_cancelled(visitor: Visitor, server: Server) -> None:
    job = infer_more(visitor, server)
    visitor.sidebar.get_by_role("button", name="Cancel").click()
    expect(visitor.sidebar.get_by_text("tiny on more")).to_have_count(0)
    expect(visitor.sidebar.get_by_role("button", name="Run inference")).to_be_enabled()
    assert job.state is State.CANCELLED


def test_inference_survives_a_killed_server(visitor: Visitor, server: Server) -> None:
    """kill -9 of the dashboard: the job does not notice, and the next server shows its end."""
    job = infer_more(visitor, server)
    server.kill()
    server.start()
    visitor.page.reload()
    expect(visitor.page.get_by_text(re.compile(r"more · 8\d\d images"))).to_be_visible()
    visitor.page.wait_for_url(re.compile(r"[?&]run="), timeout=180_000)
    expect(visitor.sidebar.get_by_text("tiny on more")).to_have_count(0)
    assert (job.state, job.attempt) == (State.SUCCEEDED, 1)
    visitor.settled()
    visitor.open("Performance")
    expect(visitor.page.get_by_text("images without a label")).to_be_visible()


def infer_more(visitor: Visitor, server: Server) -> Job:
    """Starts inference of the dataset that has no run yet."""
    visitor.sidebar.get_by_role("combobox", name=re.compile("Dataset")).click()
    visitor.page.get_by_role("option", name="more").click()
    expect(visitor.page.get_by_text(re.compile(r"more · 8\d\d images"))).to_be_visible()
    visitor.settled()
    visitor.sidebar.get_by_role("button", name="Run inference").click()
    expect(visitor.sidebar.get_by_text("tiny on more")).to_be_visible()
    return open_job(max((server.home / "jobs").glob("*-infer-*")))
