"""Figures as journals take them."""

import io
import re
import warnings

import numpy as np
import plotly.graph_objects as go
import pytest
from PIL import Image

from dermxai import taxonomy
from dermxai.figures import paper, paper_marks
from dermxai.figures.light import in_light
from dermxai.figures.paper_marks import words
from dermxai.figures.template import DARK, LIGHT, figure
from tests.figures.test_every_figure import everything

LIGHT_FIGURES, DARK_FIGURES = everything(), everything(dark=True)


def svg(made: go.Figure, column: paper.Column = "double") -> str:
    return paper.written(made, "svg", column).decode()


@pytest.mark.parametrize("name", LIGHT_FIGURES)
def test_every_figure_is_drawn_and_says_its_names_as_they_are(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message="Glyph")
        text = svg(LIGHT_FIGURES[name])
    for axis in (LIGHT_FIGURES[name].layout.xaxis, LIGHT_FIGURES[name].layout.yaxis):
        for each in axis.ticktext or ():
            line = words(each).split("\n")[0].replace("&", "&amp;").replace("<", "&lt;")
            assert axis.visible is False or line.replace(">", "&gt;") in text


@pytest.mark.parametrize("name", LIGHT_FIGURES)
def test_a_dark_page_gives_the_same_file(name):
    dark, light = (sorted(svg(each[name]).split("\n")) for each in (DARK_FIGURES, LIGHT_FIGURES))
    assert dark == light


@pytest.mark.parametrize(("column", "millimetres"), [("single", 85), ("double", 174)])
def test_widths_are_those_of_journals(column, millimetres):
    made = LIGHT_FIGURES["roc"]
    with Image.open(io.BytesIO(paper.written(made, "png", column))) as image:
        assert image.width == pytest.approx(millimetres / 25.4 * 300, abs=1)
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        assert image.info["Title"] == words(made.layout.title.text)
    points = re.search(rb"/MediaBox \[ 0 0 ([\d.]+)", paper.written(made, "pdf", column))
    assert points is not None
    assert float(points[1]) == pytest.approx(millimetres / 25.4 * 72, abs=0.1)


def test_the_same_figure_gives_the_same_bytes():
    for kind in ("png", "svg", "pdf"):
        once, again = (paper.written(LIGHT_FIGURES["votes"], kind) for _ in range(2))
        assert once == again


def test_lines_lie_where_they_do_on_the_page():
    made = figure("Curve", height=200, xaxis={"range": [0, 2]}, yaxis={"range": [1, 0]}, dark=True)
    made.add_scatter(x=[0, 1, 2], y=[0, None, 1], line={"color": DARK.accent, "dash": "dot"})
    (axes,) = paper.drawn(made).axes
    (line,) = axes.lines
    np.testing.assert_array_equal(line.get_xydata(), [[0, 0], [1, np.nan], [2, 1]])
    assert line.get_color() == LIGHT.accent and line.get_linestyle() == ":"
    assert axes.get_xlim() == (0, 2) and axes.get_ylim() == (1, 0)


def test_bars_and_bands_have_their_extent():
    made = figure("Bars", height=200, bargap=0.5, showlegend=False)
    made.add_bar(x=[2, -1], base=[1, 0], y=[0, 1], orientation="h", text=["a", "b"])
    made.add_scatter(x=[0, 1], y=[0, 0], mode="lines", line={"width": 0})
    made.add_scatter(
        x=[0, 1], y=[1, 2], mode="lines", fill="tonexty", fillcolor="rgba(15,111,168,0.2)"
    )
    (axes,) = paper.drawn(made).axes
    first, second, band = axes.patches
    assert (first.get_x(), first.get_width(), first.get_height()) == (1, 2, 0.5)
    assert (second.get_x(), second.get_width()) == (0, -1)
    np.testing.assert_array_equal(band.get_xy()[:-1], [[0, 0], [1, 0], [1, 2], [0, 1]])
    assert [each.get_text() for each in axes.texts] == ["a", "b"]


def test_numbers_on_a_heatmap_can_be_read():
    texts = {"17", "1"}
    dark = everything(dark=True)["confusion"]
    (axes,) = paper.drawn(dark).axes
    for each in axes.texts:
        if each.get_text() in texts:
            row, column = int(each.xy[1]), int(each.xy[0])
            cell = axes.images[0].get_array()[row, column]
            assert each.get_color() == ("white" if cell > 0.5 else LIGHT.ink)


def test_many_points_are_pixels_in_a_vector_file():
    generator = np.random.default_rng(0)
    few, many = (figure("Points", height=300) for _ in range(2))
    for made, count in ((few, 50), (many, 20_000)):
        made.add_scattergl(
            x=generator.random(count), y=generator.random(count), mode="markers", name="MN"
        )
    assert "<image" not in svg(few) and "<image" in svg(many)
    assert len(svg(many)) < 500_000


def test_each_colour_of_dark_pages_has_its_light_one():
    def colours(dark: bool) -> list[str]:
        own = DARK if dark else LIGHT
        made = figure("Colours", height=99, dark=dark)
        for each in (own.accent, *taxonomy.colours(taxonomy.CODES, dark).values(), "#123456"):
            made.add_scatter(x=[0], y=[0], marker={"color": each}, fillcolor="rgba(1,2,3,0.5)")
        return [each.marker.color for each in in_light(made).data]

    assert colours(dark=True) == colours(dark=False)


def test_legends_name_each_group_once():
    made = figure("Series", height=200, showlegend=True)
    for group in ("a", "a", "_b"):
        made.add_scatter(x=[0, 1], y=[0, 1], name=group, legendgroup=group)
    (legend,) = paper.drawn(made).legends
    assert [each.get_text() for each in legend.texts] == ["a", " _b"]


def test_a_figure_with_nothing_to_show_is_a_file_too():
    assert paper.written(figure("Nothing", "No images.", height=40), "pdf").startswith(b"%PDF")


def test_words_keep_lines_and_lose_tags():
    assert words("<b>ROAD</b><br>(a &amp; b)") == "ROAD\n(a & b)"
    assert words(None) == "" and paper_marks.words("&lt;b&gt;") == "<b>"
