"""What a visitor is looking at, and every session key.

The view (run, selection, primary and pinned image) lives in the address of the page, so that a
link opens it elsewhere. The sidebar's page links drop the address's parameters, therefore the
session keeps a copy.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, NamedTuple

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dermxai.data import selection as selections
from dermxai.data.selection import Selection


class Key(StrEnum):
    """Every session key. Those of widgets are followed by what tells several apart."""

    VIEW = "view"
    UPLOAD = "upload"
    NOTICE = "notice"
    WATCHED = "watched"
    DEMO = "demo"
    OPENED = "opened"
    SKIPPED = "skipped"
    LED = "led"
    OPENING = "opening"
    FOUND = "found"

    CHECKPOINT = "checkpoint"
    DATASET = "dataset"
    CLEAR = "clear"
    GLOSSARY = "glossary"
    JOB = "job"
    START = "start"
    FINE_TUNE = "fine-tune"
    FORM = "form"
    TRAININGS = "trainings"

    FILTER = "filter"
    SELECT = "select"
    PAGE = "page"
    THUMBNAIL = "thumbnail"
    STEP = "step"
    PIN = "pin"
    SPLIT = "split"
    UNIT = "unit"
    LEAKS = "leaks"
    WITHDRAW = "withdraw"
    FIGURE = "figure"
    SHOWN = "shown"

    TARGET = "target"
    AGAINST = "against"
    HEAD = "head"
    SWAP = "swap"
    SCALE = "scale"
    SAME_SCALE = "same-scale"
    ONE_SCALE = "one-scale"
    GREY = "grey"
    CANCEL = "cancel"
    EXPORT = "export"
    COMPARE = "compare"
    STRENGTH = "strength"
    OUTLINE = "outline"
    METHOD = "method"
    SETTING = "setting"
    UPLOADER = "uploader"

    PAIR = "pair"
    WAY = "way"
    FRAME = "frame"

    FILL = "fill"
    MAPS = "maps"

    STUDY = "study"
    MEASURE = "measure"
    IMAGES = "images"
    BADGE = "badge"

    PROJECTION = "projection"
    COLOUR = "colour"

    def of(self, *parts: object) -> str:
        return "-".join([self.value, *map(str, parts)])


@dataclass(frozen=True)
class View:
    """Ids and paths as the address has them. Nothing here is checked; see `scene`."""

    run: str | None = None
    checkpoint: str | None = None
    dataset: str | None = None
    """Paths of a pair that has no run yet."""
    sel: str | None = None
    primary: str | None = None
    pinned: str | None = None
    target: str | None = None
    against: str | None = None
    head: str | None = None
    method: str | None = None
    """What is asked of the images; see `question`."""
    first: str | None = None
    second: str | None = None
    """The two classes of the pair's page."""

    @property
    def is_empty(self) -> bool:
        """Whether it says neither a run nor a pair."""
        return not (self.run or self.checkpoint or self.dataset)

    @property
    def parameters(self) -> dict[str, str]:
        return {name: value for name, value in asdict(self).items() if value}


_NAMES = tuple(View.__dataclass_fields__)


def visitor() -> str:
    """Who asks: the session of this run of the script; "" outside of one."""
    context = get_script_run_ctx(suppress_warning=True)
    return context.session_id if context else ""


def view() -> View:
    """The view in the address, or the session's where a page link has dropped it."""
    address = View(**{name: st.query_params.get(name) or None for name in _NAMES})
    remembered = st.session_state.get(Key.VIEW)
    return View(**remembered) if address.is_empty and remembered else address


def show(**changes: str | None) -> None:
    """Changes parts of the view, in the address and in the session."""
    if "primary" in changes:
        drop_upload()
    _write(replace(view(), **changes))


def forget() -> None:
    """Looks at nothing, as someone who has just come."""
    _write(View())


def remember() -> None:
    """Brings address and session together at the beginning of a run of the script."""
    _write(view())


def _write(wanted: View) -> None:
    st.session_state[Key.VIEW] = wanted.parameters
    others = {name: value for name, value in st.query_params.items() if name not in _NAMES}
    if st.query_params.to_dict() != others | wanted.parameters:
        st.query_params.from_dict(others | wanted.parameters)


def open_run(run: str) -> None:
    show(run=run, checkpoint=None, dataset=None)


def open_pair(checkpoint: str | None, dataset: str | None) -> None:
    """A checkpoint and a dataset that have no run together yet."""
    show(run=None, checkpoint=checkpoint, dataset=dataset)


def select(title: str, sample_ids: Iterable[str]) -> None:
    """Makes samples the selection of all pages; nothing, if there are none."""
    chosen = Selection.of(title, sample_ids)
    show(sel=selections.keep(chosen) if len(chosen) else None)


class Upload(NamedTuple):
    """A visitor's own image: memory of the session, never a file."""

    name: str
    content: bytes


def upload() -> Upload | None:
    """The visitor's own image, while it is looked at."""
    found: Upload | None = st.session_state.get(Key.UPLOAD)
    return found


def receive_upload() -> None:
    """Looks at the file that the uploader has received."""
    file = st.session_state.get(Key.UPLOADER)
    if file is not None:
        st.session_state[Key.UPLOAD] = Upload(file.name, file.getvalue())


def drop_upload() -> None:
    st.session_state.pop(Key.UPLOAD, None)


def get(key: str, default: Any = None) -> Any:
    return st.session_state.get(key, default)


def put(key: str, value: Any) -> None:
    st.session_state[key] = value


def take(key: str, default: Any = None) -> Any:
    """The value, which is then forgotten."""
    return st.session_state.pop(key, default)


def keys_of(kind: Key) -> list[str]:
    """The keys of a kind that are in use."""
    return [str(key) for key in st.session_state if str(key).startswith(f"{kind.value}-")]


def clear_selection() -> None:
    show(sel=None)
