"""Parts of the Feature map page."""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from dermxai import figures, taxonomy
from dermxai.core.components import lower_first
from dermxai.core.settings import described
from dermxai.data.table import COLUMNS
from dermxai.figures.feature_map import PINNED, PRIMARY, SELECTED
from dermxai.figures.template import palette, text
from dermxai.jobs import State
from dermxai.projection import Projection
from dermxai.projection.projector import methods
from dermxai.report.origin import origin
from dermxai.runs import Run, feature_spaces
from dermxai.ui.app import jobs_panel
from dermxai.ui.components import filters, forms, look
from dermxai.ui.components.text import shortened
from dermxai.ui.session import state
from dermxai.ui.session.caches import plots, projections
from dermxai.ui.session.scene import Scene
from dermxai.ui.session.state import Key

FIRST = "umap"
_SELECTED = "Selected"
_VERDICTS = {"right": "#2fa36b", "wrong": "#c2410c", "no label": "#8a94a0"}
_CHOSEN = {"selected": "#d33fb0", "others": "#8a94a0"}
_VERDICT = "Right or wrong"
_COMPUTED = ("True class", "Predicted class", _VERDICT, "Confidence")
_WITHOUT_LABELS = ("Predicted class", "Confidence")
_NOT_COLOURED = ("sample_id", "path", "label", "mask_path", "evidence_path")


class Colour(NamedTuple):
    title: str
    column: str | None = None
    """Of the sample table; None for what is computed."""


def ask_method() -> tuple[str, dict[str, object]]:
    """Which map, and its settings."""
    known = methods()
    method = st.segmented_control(
        "Map",
        list(known),
        key=Key.PROJECTION,
        default=FIRST,
        required=True,
        format_func=lambda name: known[name].title,
        bind="query-params",
        persist_state="session",
    )
    method = method or FIRST
    kind = known[method].settings
    if not described(kind):
        return method, {}
    with st.popover("Settings", icon=":material/tune:"):
        st.caption(known[method].note)
        return method, forms.settings(kind, method).model_dump()


def ask_colour(scene: Scene) -> Colour:
    """What colours the points: something computed, or a column of the sample table."""
    samples = scene.run.samples
    columns = [str(name) for name in samples if name not in _NOT_COLOURED]
    columns = [name for name in columns if samples[name].notna().any()]
    columns.sort(key=lambda name: (name not in COLUMNS, name))
    labelled = samples["label"].notna().any()
    options = [Colour(name) for name in (_COMPUTED if labelled else _WITHOUT_LABELS)]
    options += [Colour(_SELECTED)] if scene.selection else []
    options += [Colour(filters.title(name), name) for name in columns]
    if state.get(Key.COLOUR) not in options:
        state.put(Key.COLOUR, options[0])
    chosen: Colour = st.selectbox(
        "Colour",
        options,
        key=Key.COLOUR,
        format_func=lambda colour: shortened(colour.title),
        bind="query-params",
        persist_state="session",
        width=220,
    )
    return chosen


def projection(
    scene: Scene, method: str, settings: Mapping[str, object], space: str
) -> Projection | None:
    """The stored map; where there is none, starts the job that makes it and shows how far it is."""
    known = projections.projection(scene.run, method, settings, space=space)
    if known is not None:
        return known
    asked = {"run": str(scene.run.root), "method": method, "settings": dict(settings)}
    asked |= {} if space == feature_spaces.NETWORK else {"space": space}
    job = jobs_panel.last("project", **asked)
    if job is None:
        jobs_panel.start("project", **asked)
        st.rerun()
    if job.state is State.SUCCEEDED:
        st.error("The map is gone from the run's folder.")
    jobs_panel.offer("project", "Compute it", "In the background; kept with the run.", **asked)
    return None


def draw(scene: Scene, made: Projection, colour: Colour, space: str) -> None:
    """The map; a click makes an image primary, a lasso or box makes a selection."""
    key = Key.FIGURE.of("map", scene.run_id, made.method, space)
    look.plot(
        _figure(scene, made, colour, space),
        key,
        toolbar=True,
        on_select=lambda: _selected(key, methods()[made.method].title),
        selection_mode=("points", "box", "lasso"),
    )
    look.notes(made.notes)


def _figure(scene: Scene, made: Projection, colour: Colour, space: str) -> look.Plot:
    selected = state.view().sel if colour == Colour(_SELECTED) else None
    run = scene.run
    of = (space, feature_spaces.version(run, space))
    seen = camera(state.view().camera, _drawn_as(made, space))
    marked = (state.view().sel if scene.selection else None, scene.primary, scene.pinned, seen)
    how = (made.method, tuple(sorted(made.settings.items())), colour, selected)
    key = (scene.run_id, *how, of, marked)
    known = plots.feature_maps().get((*key, look.dark()))
    if known is not None:
        return known
    if selected and scene.selection:
        chosen = run.samples["sample_id"].isin(scene.selection.sample_ids)
        values, colours = chosen.map({True: "selected", False: "others"}), _CHOSEN
    elif colour.column is not None:
        values, colours = run.samples[colour.column], None
    else:
        values = _computed(run, colour.title)
        labels = sorted(run.samples["label"].dropna().unique())
        classes = taxonomy.colours([*run.classes, *labels], look.dark())
        colours = _VERDICTS if colour.title == _VERDICT else classes
    figure = figures.feature_map(
        made.coordinates,
        made.sample_ids.tolist(),
        values.tolist(),
        title=f"{methods()[made.method].title} of {_words(run, space)}",
        label=colour.title,
        hover=plots.hover_lines(scene.run_id),
        colours=colours,
        total=len(run),
        marks=_marks(scene, bool(selected)),
        camera=seen,
        dark=look.dark(),
    )
    figure.update_layout(meta=_drawn_as(made, space))
    _sign(figure, made, run, space)
    return plots.feature_maps().put((*key, look.dark()), look.Plot.of(figure, toolbar=True))


def _marks(scene: Scene, coloured: bool) -> dict[str, list[str]]:
    """What is ringed on the map.

    Args:
        coloured: whether the selection is what the colours tell.
    """
    chosen = [] if coloured or scene.selection is None else list(scene.selection.sample_ids)
    marks = {SELECTED: chosen, PRIMARY: [scene.primary or ""], PINNED: [scene.pinned or ""]}
    return {name: ids for name, ids in marks.items() if any(ids)}


def _drawn_as(made: Projection, space: str) -> str:
    """Names the coordinates of a map: what is seen of one is not what is seen of another."""
    return hashlib.sha256(
        repr((made.method, sorted(made.settings.items()), space)).encode()
    ).hexdigest()[:8]


def camera(told: str | None, name: str) -> tuple[float, float, float, float] | None:
    """(left, right, low, high) of what is seen of a map, as the address tells it; None where it
    tells of another map, or what is no such part of it.

    Args:
        told: ``name`` and the four numbers, commas between.
        name: of the map.
    """
    of, *numbers = (told or "").split(",")
    with suppress(ValueError):
        ends = [float(each) for each in numbers]
        if of == name and len(ends) == 4 and np.isfinite(ends).all():
            left, right, low, high = ends
            if left < right and low < high:
                return left, right, low, high
    return None


def _sign(figure: go.Figure, made: Projection, run: Run, space: str) -> None:
    """Where the map comes from, on the figure itself: plotly's picture of it holds nothing else."""
    of, settings = origin(run), [f"{name} {value}" for name, value in made.settings.items()]
    maker = "imported from" if run.imported else "checkpoint"
    about = feature_spaces.imported(run).get(space)
    named = [] if about is None else [f"features of {about['file']} ({about['digest'][:12]})"]
    lines = (
        [methods()[made.method].title, *settings, *named],
        [f"run {of['run']}", f"{maker} {of['checkpoint']} ({str(of['checkpoint_hash'])[:12]})"],
        [f"dataset {of['dataset']}"],
    )
    figure.add_annotation(
        text="<br>".join(text(" · ".join(line)) for line in lines),
        font={"size": 9, "color": palette(look.dark()).muted},
        showarrow=False,
        align="left",
        **{"xref": "paper", "yref": "paper", "x": 0, "y": 0, "xanchor": "left", "yanchor": "top"},
    )
    room = 14 * len(lines)  # pixels
    figure.update_layout(margin_b=figure.layout.margin.b + room, height=figure.layout.height + room)


def _words(run: Run, space: str) -> str:
    if feature_spaces.are_outputs(run, space):
        return lower_first(feature_spaces.title(run, space))
    return "the features" if space == feature_spaces.NETWORK else space


def _selected(key: str, map_title: str) -> None:
    """Takes over what was clicked or drawn around on the map."""
    ids = [each[0] for each in state.clicked(key)]
    if len(ids) == 1:
        state.show(primary=ids[0])
    elif ids:
        state.select(f"Drawn on {map_title}", ids)


def _computed(run: Run, title: str) -> pd.Series:
    labels = run.samples["label"]
    match title:
        case "True class":
            return labels
        case "Predicted class":
            return pd.Series(run.predicted)
        case "Confidence":
            return pd.Series(run.probabilities.max(axis=1))
        case _:
            right = pd.Series(labels.to_numpy() == run.predicted)
            words = right.map({True: "right", False: "wrong"})
            return words.where(labels.notna().to_numpy(), "no label")
