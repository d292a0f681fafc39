"""A second browser that is given the address sees what the first one saw: on every page, in every
control.

What a browser writes into the address of a bound control is written here as it does it
(`query_param_key` names the parameter; AppTest has no browser).
"""

from collections.abc import Iterator
from typing import Any

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button, DownloadButton, FileUploader, Widget

from dermxai.readers.definition import StudySettings
from dermxai.runs import Run
from dermxai.ui.session.state import Key
from tests.pages.conftest import PAGES
from tests.pages.test_every_page import Make, Open, _projected_by_pca

_USED = _projected_by_pca  # a fixture for all tests of this file, too
MOST = 40
"""Controls of a page that are changed, one after another."""
FORMS = (
    *(Key.READER_STUDY.of(each) for each in (*StudySettings.model_fields, "source", "count")),
    Key.MAPPING.of(""),
    Key.SLICE.of("name"),
    Key.SLICE.of("removed"),
    Key.ANNOTATION.value,
    Key.ANSWERS.of("device"),
    Key.FETCH.value,
    Key.KEEP.value,
    Key.IMPORT.value,
    Key.GLOSSARY.value,
    Key.LESSON.value,
    Key.BOARD.of("key"),  # a secret
)
"""What is filled in to be written somewhere: no part of what is seen, and nobody else's to send."""
EXPLAINED = ("image", "compare_maps", "counterfactuals", "robustness", "nearest_neighbours")


def controls(app: AppTest) -> dict[str, Widget]:
    """What holds a value on the page itself, by its key."""
    found = {
        str(each.key): each
        for each in _widgets(app.main)
        if each.key and not isinstance(each, Button | DownloadButton | FileUploader)
    }
    return {key: each for key, each in found.items() if not key.startswith(FORMS)}


def _widgets(block: object) -> Iterator[Widget]:
    for child in getattr(block, "children", {}).values():
        if isinstance(child, Widget):
            yield child
        yield from _widgets(child)


def held(control: Widget) -> object:
    """What the browser shows in a control, in the words of the wire."""
    state = control._widget_state
    kind = state.WhichOneof("value")
    value = getattr(state, kind) if kind else None
    return list(value.data) if hasattr(value, "data") else value


def other(control: Widget) -> object:
    """Another value that a visitor could choose; None where there is none."""
    now, proto, options = held(control), control.proto, getattr(control, "options", [])
    match control.type:
        case "toggle" | "checkbox":
            return not now
        case "text_input":
            return "a"
        case "slider":
            return [_stepped(proto, now[0])]
        case "number_input":
            return _stepped(proto, proto.min if now is None else now)
        case "pagination":
            options = range(1, control.num_pages + 1)
        case "multiselect" | "button_group" if not getattr(control, "_is_single_select", False):
            return now[1:] if now else options[:1]
        case "button_group":
            options = [[each] for each in options]
        case "selectbox":
            pass
        case unknown:
            raise AssertionError(f"nobody here can change a {unknown}")
    return next((each for each in options if each != now), None)


def _stepped(proto: Any, now: float) -> float:
    return now + proto.step if now + proto.step <= proto.max else now - proto.step


def change(control: Widget, value: object) -> None:
    wanted = WidgetState(id=control.id)
    kind = control._widget_state.WhichOneof("value") or "double_value"
    if isinstance(value, list):
        getattr(wanted, kind).data[:] = value
    else:
        setattr(wanted, kind, value)
    control.__class__ = type(
        "Changed", (type(control),), {"_widget_state": property(lambda _self: wanted)}
    )


def write(app: AppTest) -> None:
    """Into the address what the browser writes there of bound controls."""
    for control in _widgets(app.main):
        if name := getattr(control.proto, "query_param_key", ""):
            value = held(control)
            texts = [_written(each) for each in value] if isinstance(value, list) else value
            if value is None or texts == []:
                app.query_params[name] = ""
            else:
                app.query_params[name] = texts if isinstance(texts, list) else _written(texts)


def _written(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value == int(value) else str(value)


def second_browser(page: str, address: dict[str, object], run: str) -> AppTest:
    """Somebody else who opens the page with this address."""
    from tests.pages.conftest import SCRIPT

    app = AppTest.from_file(SCRIPT, default_timeout=120)
    app.query_params.update(address if page == "dataset" else {"run": run})
    app.run()
    if page == "dataset":
        return app
    app.query_params.clear()
    app.query_params.update(address)
    return app.switch_page(str(PAGES[page])).run()


def walk(app: AppTest) -> list[str]:
    """Changes each control that there is or comes up meanwhile; which ones."""
    seen: list[str] = []
    while len(seen) < MOST:
        fresh = [key for key in controls(app) if key not in seen]
        if not fresh:
            break
        key = fresh[0]
        seen.append(key)
        control, before = controls(app)[key], dict(app.query_params)
        if control.proto.disabled or (value := other(control)) is None:
            continue
        change(control, value)
        write(app)
        app.run()
        assert not app.exception, (key, app.exception)
        told = getattr(control.proto, "query_param_key", "") or app.query_params != before
        assert told, f"{key} is nowhere in the address"
        write(app)
    return seen


def survives(page: str, app: AppTest, run: str) -> None:
    walk(app)
    write(app)
    address, seen = dict(app.query_params), controls(app)
    assert not any("/" in str(name) for name in address), "a path in a name"
    again = second_browser(page, address, run)
    assert not again.exception
    found = controls(again)
    assert {key: held(found[key]) if key in found else None for key in seen} == {
        key: held(each) for key, each in seen.items()
    }


@pytest.mark.parametrize("page", [name for name in PAGES if name not in EXPLAINED])
def test_every_control_survives_a_second_browser(
    page: str, make_run: Make, open_page: Open
) -> None:
    make_run(images=80)
    make_run(images=80, name="beside")
    survives(page, open_page(page, run="run"), "run")


@pytest.mark.parametrize("page", EXPLAINED)
def test_every_control_of_one_image_survives(page: str, inferred: Run, open_page: Open) -> None:
    first, second = inferred.samples["sample_id"][:2]
    app = open_page(page, run=inferred.id, primary=first, pinned=second)
    survives(page, app, inferred.id)


@pytest.mark.parametrize("mode", ["Two images", "Difference"])
def test_every_way_to_compare_survives(mode: str, inferred: Run, open_page: Open) -> None:
    first, second = inferred.samples["sample_id"][:2]
    app = open_page("compare_maps", run=inferred.id, primary=first, pinned=second, compare=mode)
    assert held(controls(app)["compare"]) == [mode]
    survives("compare_maps", app, inferred.id)
