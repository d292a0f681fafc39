"""No page gives Streamlit a text from outside as it is, where Streamlit would read it as Markdown.

What a browser makes of the same workspace is seen in tests/e2e/test_wall.py.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import Message
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block, Node

from tests import hostile
from tests.pages.conftest import PAGES, SCRIPT

PLAIN = {
    *("id", "key", "alt", "form_id", "element_id", "url", "user_key", "css", "path", "src_doc"),
    *(
        "placeholder",
        "code_text",
        "default",
        "value",
        "raw_value",
        "raw_values",
        "query_string",
        "query_param_key",
        "name",
    ),
}
"""Fields that Streamlit shows as they are, or does not show. Values of metrics are Markdown."""
MARKDOWN_VALUES = {"Metric", "Markdown", "Text"}
PLAIN_OPTIONS = {"Selectbox", "MultiSelect", "Slider"}
_FIGURES = {"PlotlyChart", "Arrow", "ArrowVegaLiteChart"}  # have languages of their own


@pytest.fixture(scope="module")
def opened(
    tiny_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """The view of a workspace in which every text attacks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DERMXAI_HOME", str(tmp_path_factory.mktemp("hostile")))
        run = hostile.hostile_workspace(tiny_checkpoint)
        ids, classes = run.samples["sample_id"], run.classes
        yield {
            "home": str(run.root.parent.parent),
            **{"run": run.id, "sel": hostile.selection_of(run)},
            **{"primary": ids[0], "pinned": ids[1], "first": classes[0], "second": classes[1]},
        }


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    if isinstance(node, Block):
        for child in node.children.values():
            yield from _nodes(child)


def _texts(message: Message, within: str = "") -> Iterator[tuple[str, str]]:
    """Each text of a message with the names of its message and field."""
    kind = message.DESCRIPTOR.name
    for field, value in message.ListFields():
        several = value if field.is_repeated else [value]
        if field.type == field.TYPE_MESSAGE and not field.message_type.GetOptions().map_entry:
            for each in several:
                yield from _texts(each, kind)
        elif field.type == field.TYPE_STRING:
            for each in several:
                yield f"{kind}.{field.name}", each


def _read_as_markdown(place: str) -> bool:
    kind, _, field = place.partition(".")
    if kind in _FIGURES or (field == "options" and kind in PLAIN_OPTIONS):
        return False
    return field not in PLAIN or (field == "value" and kind in MARKDOWN_VALUES)


def _shown(app: AppTest) -> Iterator[tuple[str, str]]:
    for root in app._tree.children.values():
        for node in _nodes(root):
            proto: Any = getattr(node, "proto", None)
            if isinstance(proto, Message):
                yield from _texts(proto)


def _check(app: AppTest, fewest: int) -> None:
    assert not app.exception
    shown = [(place, text) for place, text in _shown(app) if _read_as_markdown(place)]
    assert sum(r"\!\[\](//" in text for _, text in shown) >= fewest, "texts from outside are shown"
    for place, text in shown:
        for mark in (hostile.MARK, "![](//e.il", ":red[r]"):
            assert mark not in text, f"{place}: {text}"


@pytest.mark.parametrize("page", PAGES)
def test_markdown_gets_no_text_as_it_is(
    page: str, opened: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DERMXAI_HOME", opened["home"])
    app = AppTest.from_file(SCRIPT, default_timeout=120)
    for name, value in opened.items():
        app.query_params[name] = value
    app.run()
    if page != "dataset":
        app.switch_page(str(PAGES[page])).run()
    _check(app, fewest=3)


@pytest.mark.parametrize("asked", ["run", "dataset", "checkpoint", "sel", "primary", "target"])
def test_nor_a_link_that_cannot_be_followed(
    asked: str, opened: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DERMXAI_HOME", opened["home"])
    app = AppTest.from_file(SCRIPT, default_timeout=120)
    for name, value in (opened | {asked: hostile.text("link")}).items():
        app.query_params[name] = value
    _check(app.run(), fewest=1)
