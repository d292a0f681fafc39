"""Parts of the Confusion analysis page: its images and maps."""

import re

import streamlit as st

from dermxai.core.errors import InputError
from dermxai.explain.confusion.pair_maps import MOST
from dermxai.figures.averaged import averaged, frames
from dermxai.figures.overlay import colour_bar
from dermxai.metrics.pair import OTHER
from dermxai.report import ConfusionAnalysis, tables
from dermxai.report.html import pair_page
from dermxai.runs.run import NO_NETWORK, Run
from dermxai.ui.app import jobs_panel
from dermxai.ui.app.guard import callback
from dermxai.ui.components import downloads, look, question
from dermxai.ui.components.gallery import gallery
from dermxai.ui.components.text import count, percent, plain, shortened
from dermxai.ui.components.thumbnails import jpeg
from dermxai.ui.session import state
from dermxai.ui.session.caches import explanations
from dermxai.ui.session.scene import Scene
from dermxai.ui.session.state import Key

_TITLE = "Averaged maps"
_ERRORS = 12  # images of a page: two rows of the first screen
_CELL = 170  # pixels of a picture, the narrowest: two in a row in half a window
_FRAMES = {
    "lesion": (
        "Lesion",
        "Aligned to the box of the lesion's mask with a quarter of its sides as margin, squashed "
        "to a square.",
    ),
    "image": ("Whole image", "Aligned to the frame of the image, squashed to a square."),
}


def maps(analysis: ConfusionAnalysis) -> None:
    """Averaged contrast maps of the four cells."""
    pair = analysis.pair
    if analysis.run.imported:
        look.heading(_TITLE, NO_NETWORK.format(analysis.run.made_by["name"]))
        return
    made = explanations.pair_maps(analysis.run, pair.first, pair.second, analysis.split)
    if made is None:
        if why := _no_vote_map(analysis.run):
            look.heading(_TITLE, f"There are no vote maps of this network to average: {why}")
            return
        look.heading(
            _TITLE,
            f"Vote maps of {pair.first} against {pair.second}, averaged over the images of each "
            "cell. They need one forward pass an image.",
        )
        _compute(analysis)
        return
    look.heading(
        _TITLE,
        f"Vote maps of {pair.first} against {pair.second}, averaged, over the mean image of each "
        "cell.",
    )
    known = [frame for frame in _FRAMES if frame in frames(made)]
    if not known:
        st.caption("No image of these cells could be averaged.")
        return
    frame = known[0]
    if len(known) > 1:
        frame = st.segmented_control(
            "Aligned to",
            known,
            key=Key.FRAME,
            default=frame,
            required=True,
            format_func=lambda name: _FRAMES[name][0],
            bind="query-params",
            persist_state="session",
        )
    grid = st.grid(4, min_column_width=_CELL)
    for cell in averaged(made, frame):
        with grid.cell():
            if cell.picture is not None:
                name = f"{cell.true} predicted as {cell.predicted}"
                st.image(jpeg(cell.picture), width="stretch", alt=name)
            of = "" if cell.images == cell.in_cell else f" of {cell.in_cell:,}"
            st.markdown(
                f"**{plain(shortened(cell.true, 16))}** predicted as "
                f"**{plain(shortened(cell.predicted, 16))}**  \n{cell.images:,}{of} images"
            )
    with st.container(gap=None):
        st.image(colour_bar(), width="stretch", alt="From blue over clear to yellow")
        with st.container(horizontal=True, horizontal_alignment="distribute"):
            st.caption(f"for {plain(pair.second)}", width="content")
            st.caption("0", width="content")
            st.caption(f"for {plain(pair.first)}", width="content")
        scale = made.scale(frame)
        st.caption(f"Full colour at ± {scale:.3g} {made.unit} in all four. {_FRAMES[frame][1]}")
    if made.problems:
        st.caption(f"Averaged without {count(len(made.problems), 'image')} that could not be used.")
        _compute(analysis, "Try again")


def _no_vote_map(run: Run) -> str | None:
    """Why the run's network has none; None where it has, or where its checkpoint cannot be read,
    which the job says."""
    try:
        return question.unavailable(run).get("vote_map")
    except InputError:
        return None


def _compute(analysis: ConfusionAnalysis, label: str = "Compute the maps") -> None:
    """Starts the job that averages, and shows how far it is."""
    cells = analysis.pair.ways[analysis.pair.ways["predicted"] != OTHER]["images"]
    passes = int(cells.clip(upper=MOST).sum())
    if not passes:
        st.caption("There is no image in these cells.")
        return
    asked = {
        "run": str(analysis.run.root),
        "first": analysis.pair.first,
        "second": analysis.pair.second,
    }
    if analysis.split:
        asked["split"] = analysis.split
    about = (
        f"{passes:,} forward passes, at most {MOST} a cell, in the background; kept with the run."
    )
    jobs_panel.offer("pair", label, about, **asked)


def errors(scene: Scene, analysis: ConfusionAnalysis) -> None:
    """Confused images, those of the largest margin first."""
    table, pair = analysis.pair.errors, analysis.pair
    if table.empty:
        look.heading(
            "Errors", f"No image of {pair.first} or {pair.second} is predicted as the other."
        )
        return
    look.heading(
        "Errors",
        f"{count(len(table), 'image')} by margin: how far the "
        f"{'summed votes' if len(analysis.run.heads) > 1 else 'scores'} lie on the wrong side, "
        "in logits. Choose one to open it.",
    )
    sample_ids = tuple(table["sample_id"])
    st.button(
        "Make them the selection",
        key=Key.SELECT.of("pair"),
        type="tertiary",
        icon=":material/select_all:",
        on_click=callback(state.select),
        args=(f"{pair.first} and {pair.second} confused", sample_ids),
    )
    margins = {row["sample_id"]: f"margin {row['margin']:.2f}" for row in table.to_dict("records")}
    gallery("pair-errors", sample_ids, scene, margins, most=_ERRORS)


def suspects(scene: Scene, analysis: ConfusionAnalysis) -> None:
    """Images whose label may be wrong."""
    table = analysis.suspects
    if table.empty:
        look.heading(
            "Possible label errors",
            f"{tables.no_suspects(analysis)} {tables.searched(analysis)}".strip(),
        )
        return
    look.heading(
        "Possible label errors",
        f"{count(len(table), 'image')} by confident learning: the model gives another class a "
        "higher probability than its images have on average; beneath each, the probability of "
        "its label. Hard cases "
        f"look the same. {tables.searched(analysis)}",
    )
    probabilities = {
        row[
            "sample_id"
        ]: f"label {plain(shortened(row['label'], 12))}: {percent(row['quality'], 0)}"
        for row in table.to_dict("records")
    }
    gallery("pair-suspects", tuple(table["sample_id"]), scene, probabilities, most=_ERRORS)


def meeting(analysis: ConfusionAnalysis) -> None:
    """What can be taken along."""
    pair, split = analysis.pair, analysis.split
    look.heading(
        "For the meeting",
        "All of this with the images in one file that needs nothing else and prints on A4, with "
        "room for notes. It holds patients' images: keep it where they may be.",
    )
    stem = re.sub(r"[^\w.-]+", "_", f"{pair.first}-{pair.second}-{split or 'all'}")
    with st.container(horizontal=True):
        downloads.button(
            "Report (HTML)",
            lambda: pair_page(
                analysis,
                explanations.pair_maps(analysis.run, pair.first, pair.second, analysis.split),
            ),
            f"pair-{stem}.html",
            "text/html",
            icon=":material/download:",
            kind="primary",
        )
        downloads.numbers("All numbers (JSON)", analysis.as_json, f"pair-{stem}")
