"""What a visitor is looking at, and every session key.

The view (run, selection, primary and pinned image) lives in the address of the page, so that a
link opens it elsewhere. The sidebar's page links drop the address's parameters, therefore the
session keeps a copy.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import NamedTuple

import streamlit as st
from streamlit.errors import StreamlitAPIException
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
    PLACE = "place"
    BOUND = "bound"
    SKIPPED = "skipped"
    LED = "led"
    OPENING = "opening"
    FOUND = "found"

    CHECKPOINT = "checkpoint"
    DATASET = "dataset"
    CLEAR = "clear"
    GLOSSARY = "glossary"
    COPY = "copy-link"
    JOB = "job"
    START = "start"
    FINE_TUNE = "fine-tune"
    IMPORT = "import"
    FETCH = "fetch"
    FORM = "form"
    TRAININGS = "trainings"

    FILTER = "filter"
    SELECT = "select"
    CAUSE = "cause"
    PAGE = "page"
    THUMBNAIL = "thumbnail"
    STEP = "step"
    NEXT = "next"
    PIN = "pin"
    SPLIT = "split"
    UNIT = "unit"
    LEAKS = "leaks"
    MAPPING = "mapping"
    RULE = "rule"
    CRITERION = "criterion"
    AT_LEAST = "at-least"
    COST = "cost"
    MEASURES = "measures"
    PREVALENCE = "prevalence"
    EVENT = "event"
    BOTH_RULES = "both-rules"
    CURVE = "curve"
    ONE_CLASS = "one-class"
    THRESHOLD = "threshold"
    CHOSEN = "chosen"
    SET_COVERAGE = "set-coverage"
    BY_CLASS = "by-class"
    EXACTLY = "exactly"
    PER = "per"
    COMBINE = "combine"
    AS_ONE = "as-one"
    MERGED = "merged"
    WITHDRAW = "withdraw"
    FIGURE = "figure"
    FILES = "files"
    SHOWN = "shown"

    TARGET = "target"
    AGAINST = "against"
    HEAD = "head"
    SWAP = "swap"
    SCALE = "scale"
    SAME_SCALE = "same-scale"
    ONE_SCALE = "one-scale"
    GREY = "grey"
    CONTOURS = "contours"
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

    REMEDY = "remedy"
    MEASURED = "measured"
    CHANGED = "changed"
    KEEP = "keep"
    MODELS = "models-beside"
    MEAN_MODEL = "mean-model"
    OF_CLASS = "of-class"
    FIRST_MODEL = "first-model"
    SECOND_MODEL = "second-model"
    COMPARED = "compared"

    PROJECTION = "projection"
    COLOUR = "colour"
    SPACE = "space"

    ANSWERS = "answers"
    PUBLISHED = "published"
    GROUPED_BY = "grouped-by"
    CUTS = "cuts"
    CLUSTERS = "clusters"
    PART = "part"
    CONDITIONS = "conditions"
    DEPTH = "depth"
    ERRORS_OF = "errors-of"
    COMPARED_SPLIT = "compared-split"
    DISTANCE = "distance"

    SLICE = "slice"
    ANNOTATION = "annotation"
    READER_STUDY = "reader-study"
    BOARD = "board"
    LESSON = "lesson"
    LESSON_STEP = "lesson-step"

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
    space: str | None = None
    """The feature space."""
    camera: str | None = None
    """What of the feature map is seen; see `feature_map`. The browser writes it (page.js)."""
    stack: str | None = None
    """Remedies, as JSON."""
    models: str | None = None
    """Ids of the runs beside the open one, with commas between."""

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
    address = st.query_params  # of which other parts may be bound to widgets
    for name in _NAMES:
        value = wanted.parameters.get(name)
        if value is None:
            address.pop(name, None)
        elif address.get(name) != value:
            address[name] = value


def address(name: str, value: str) -> None:
    """Says in the address what no control of the page binds to it."""
    if st.query_params.get(name) != value:
        with suppress(StreamlitAPIException):  # a control has it, which writes it itself
            st.query_params[name] = value


def come_back(page: str) -> None:
    """Where Back leads to another page: what its controls had bound in the address when it was
    left. Streamlit takes that out of the address before it leaves a page by itself, and out of the
    address that Back returns to where the page that is left has bound the same name.

    Args:
        page: its name in the address.
    """
    context = get_script_run_ctx(suppress_warning=True)
    left, bound = st.session_state.get(Key.PLACE), st.session_state.get(Key.BOUND, {})
    st.session_state[Key.PLACE] = page
    if context is None or left == page or not context.is_history_navigation:
        return
    with context.session_state.query_params() as params:
        missing = {
            name: values for name, values in bound.get(page, {}).items() if name not in params
        }
        for name, values in missing.items():
            params._initial_query_params[name] = values
            params.set_with_no_forward_msg(name, values)
        if missing:
            params._send_query_param_msg()


def note_bound(page: str) -> None:
    """Keeps what the controls of a page have bound in the address; see `come_back`."""
    context = get_script_run_ctx(suppress_warning=True)
    if context is None:
        return
    with context.session_state.query_params() as params:
        names = [name for name in params if params.is_bound(name)]
        held = st.session_state.get(Key.BOUND, {})
        st.session_state[Key.BOUND] = {**held, page: {n: params.get_all(n) for n in names}}


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


def get(key: str) -> object:
    """The value; None where there is none."""
    return st.session_state.get(key)


def text(key: str) -> str:
    """The text of a field or choice; empty where there is none."""
    held = get(key)
    return held if isinstance(held, str) else ""


def texts(key: str) -> list[str]:
    """The texts of a list; none where there is none."""
    held = get(key)
    return [each for each in held if isinstance(each, str)] if isinstance(held, list) else []


def page(key: str) -> int:
    """The number of a page, from 1."""
    held = get(key)
    return held if isinstance(held, int) else 1


def clicked(key: str) -> list[tuple[str, ...]]:
    """What the points of a figure stand for (their ``customdata``) that were clicked or drawn
    around."""
    points = st.session_state[key].selection.points
    held = [point["customdata"] for point in points if "customdata" in point]
    return [
        tuple(map(str, each)) if isinstance(each, list | tuple) else (str(each),) for each in held
    ]


def rows(key: str) -> list[int]:
    """The rows of a table that were chosen."""
    return [int(row) for row in st.session_state[key]["selection"]["rows"]]


def put(key: str, value: object) -> None:
    st.session_state[key] = value


def take(key: str) -> object:
    """The value, which is then forgotten; None where there is none."""
    return st.session_state.pop(key, None)


def keys_of(kind: Key) -> list[str]:
    """The keys of a kind that are in use."""
    return [str(key) for key in st.session_state if str(key).startswith(f"{kind.value}-")]


def clear_selection() -> None:
    show(sel=None)
