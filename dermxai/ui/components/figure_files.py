"""A figure to take away: files for a paper, and the words beneath them."""

import re
from functools import partial
from typing import TYPE_CHECKING

import plotly.graph_objects as go
import streamlit as st

from dermxai.core.errors import InputError
from dermxai.core.formatting import count
from dermxai.report.origin import origin
from dermxai.ui.app.guard import fragment
from dermxai.ui.components import downloads
from dermxai.ui.session import state
from dermxai.ui.session.caches import stored_runs
from dermxai.ui.session.state import Key
from dermxai.version import __version__

if TYPE_CHECKING:
    from dermxai.figures.paper import Column

_WIDTHS: "dict[Column, str]" = {"single": "One column (85 mm)", "double": "Two columns (174 mm)"}
_KINDS = {
    "pdf": ("PDF", "application/pdf"),
    "svg": ("SVG", "image/svg+xml"),
    "png": ("PNG, 300 dpi", "image/png"),
}


@fragment()
def offer(title: str, help_: str, figure: go.Figure, key: str) -> None:
    """A quiet button that opens the formats, the widths and the caption of a figure.

    Args:
        title: what is seen.
        help_: how to read it.
    """
    own = partial(Key.FILES.of, key)
    panel = st.popover(
        "Export",
        icon=":material/download:",
        type="tertiary",
        help="This figure as PDF, SVG or PNG, with its caption",
        key=own("open"),
        on_change="rerun",
    )
    if not panel.open:
        return
    with panel:
        column = st.segmented_control(
            "Width",
            list(_WIDTHS),
            format_func=_WIDTHS.__getitem__,
            default="double",
            required=True,
            key=own("width"),
        )
        with st.container(horizontal=True):
            for kind, (label, mime) in _KINDS.items():
                make = partial(_written, figure, kind, column, title)
                downloads.button(label, make, f"{_stem(title)}.{kind}", mime, key=own(kind))
        st.caption("Caption")
        st.code(caption(title, help_), language=None, wrap_lines=True)


def caption(title: str, help_: str) -> str:
    """What stands beneath the figure in a paper: what is seen, how to read it, and the run."""
    return " ".join(f"{each.rstrip('.')}." for each in (title, help_, _source()) if each)


def _source() -> str:
    made = f"Made with DermXAI {__version__}"
    run_id = state.view().run
    if run_id is None:
        return made
    try:
        run = stored_runs.run(run_id)
    except InputError:
        return made
    told, split, images = origin(run), state.text(Key.SPLIT), len(run.samples)
    if split and "split" in run.samples:
        images = int((run.samples["split"] == split).sum())
    part = f", split {split}" if split else ""
    return (
        f"{told['checkpoint']} ({str(told['checkpoint_hash'])[:8]}) on {told['dataset']}{part}: "
        f"{count(images, 'image')}, run {told['run']}. {made}"
    )


def _written(figure: go.Figure, kind: str, column: "Column", title: str) -> bytes:
    from dermxai.figures import paper  # brings matplotlib

    return paper.written(figure, kind, column, title)


def _stem(title: str) -> str:
    return re.sub(r"[^\w.-]+", "_", title).strip("_")[:60] or "figure"
