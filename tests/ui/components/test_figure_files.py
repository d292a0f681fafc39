"""Figures to take away."""

from streamlit.testing.v1 import AppTest

from dermxai.ui.components import figure_files


def page() -> None:
    from dermxai.figures.template import figure
    from dermxai.ui.components import look

    made = figure("Votes of [x](y)", "Right speaks for EAD.", height=100)
    made.add_scatter(x=[0, 1], y=[0, 1])
    look.plot(look.Plot.of(made), "figure-votes")


def test_formats_are_made_when_they_are_asked_for() -> None:
    app = AppTest.from_function(page, default_timeout=30).run()
    assert not app.exception and not app.get("download_button")
    app.session_state["files-figure-votes-open"] = True
    app.run()
    assert not app.exception
    labels = [each.proto.label for each in app.get("download_button")]
    assert labels == ["PDF", "SVG", "PNG, 300 dpi"]
    assert app.code[0].value.startswith("Votes of [x](y). Right speaks for EAD. Made with DermXAI")


def test_a_caption_ends_each_part_once() -> None:
    told = figure_files.caption("Title", "How to read it.")
    assert told.startswith("Title. How to read it. Made with DermXAI ") and not told.endswith("..")
