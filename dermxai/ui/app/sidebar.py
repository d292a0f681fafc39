"""The sidebar: model and data, running jobs, the selection, the primary and the pinned image."""

import os
from pathlib import Path

import streamlit as st

from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.data import kept_options
from dermxai.ui.access import identity
from dermxai.ui.app import (
    checkpoint_card,
    glossary,
    jobs_panel,
    pages,
    permissions,
    predictions,
)
from dermxai.ui.app.guard import callback
from dermxai.ui.components import gallery, lesson_step
from dermxai.ui.components.text import count, plain, shortened
from dermxai.ui.components.thumbnails import thumbnails
from dermxai.ui.pages.training import fine_tune
from dermxai.ui.session import catalogue, state
from dermxai.ui.session.caches import stored_runs, workspace
from dermxai.ui.session.catalogue import Entry
from dermxai.ui.session.scene import Scene, scene
from dermxai.ui.session.state import Key

MOST_LEFT_OUT = 20  # entries that are named


def sidebar(page: str) -> None:
    """Draws it; what the page asks for is not checked here.

    Args:
        page: which one is open, by its name in the address; empty of the first.
    """
    runs = catalogue.entries()
    _choose(runs)
    if permissions.may("start jobs"):
        fine_tune.button()
    jobs_panel.jobs_panel()
    _left_out()
    if notice := state.take(Key.NOTICE):
        st.error(plain(notice), icon=":material/error:")
    try:
        open_now = scene()
    except InputError:
        pass
    else:
        _selection(open_now)
        _images(open_now)
        lesson_step.button(page or pages.name(pages.FIRST))
    catalogue.note()
    _visitor()
    glossary.button()
    st.caption("For research and teaching, not for diagnosis.")


def _choose(runs: list[Entry]) -> None:
    """Checkpoint and dataset; offers inference where the pair has no run yet."""
    checkpoint, dataset = catalogue.pair(runs, state.view())
    for key, title, asked, known, name in (
        (
            Key.CHECKPOINT,
            "Checkpoint",
            checkpoint,
            catalogue.inferable(runs),
            catalogue.checkpoint_name,
        ),
        (Key.DATASET, "Dataset", dataset, catalogue.datasets(runs), _last_part),
    ):
        chosen = _linked(runs, asked) if asked else None
        options = list(dict.fromkeys([*known, chosen])) if chosen else known
        names = catalogue.told_apart(options, name)
        state.put(key, chosen)
        st.selectbox(
            title,
            options,
            key=key,
            index=None if chosen is None else 0,
            format_func=lambda path, names=names: names.get(path, path),
            accept_new_options=permissions.may("open paths"),
            placeholder="Choose, or enter a path" if permissions.may("open paths") else "Choose",
            on_change=callback(_changed),
            help=f"Those of the workspace, or the path of another {title.lower()} inside the "
            "folders that this server may open.",
        )
    pair = state.text(Key.CHECKPOINT), state.text(Key.DATASET)
    if all(pair) and permissions.may("start jobs"):
        opened = next((run.id for run in runs if run.id == state.view().run), None)
        if not catalogue.is_imported(pair[0]):
            _offer(*pair, opened)
        elif opened is None:
            st.caption("These predictions are not of this dataset: import theirs.")
    if all(pair) and not catalogue.is_imported(pair[0]):
        opened = next((run.id for run in runs if run.id == state.view().run), None)
        checkpoint_card.card(pair[0], opened, _asked(*pair, opened))
    if dataset := state.text(Key.DATASET):
        opened = next((run.id for run in runs if run.id == state.view().run), None)
        predictions.buttons(dataset, opened)


def _changed() -> None:
    """Opens the newly chosen pair: its run, where there is one."""
    runs = catalogue.entries()
    try:
        checkpoint, dataset = (
            _allowed(runs, path) if path else None
            for path in (state.text(Key.CHECKPOINT), state.text(Key.DATASET))
        )
    except InputError as error:
        state.put(Key.NOTICE, str(error))
        return
    run = catalogue.run_of(runs, checkpoint, dataset)
    if run:
        state.open_run(run)
    else:
        state.open_pair(checkpoint, dataset)


def _linked(runs: list[Entry], path: str) -> str | None:
    """A path of the address, or nothing and a notice where visitors may not open it."""
    try:
        return _allowed(runs, path)
    except InputError as error:
        state.put(Key.NOTICE, str(error))
        return None


def _allowed(runs: list[Entry], path: str) -> str:
    """A path that is listed, or lies where visitors may open data.

    Raises:
        InputError: it lies outside the roots, nothing is there, or visitors may open no path.
    """
    if path in (*catalogue.inferable(runs), *catalogue.datasets(runs)):
        return path
    permissions.check("open paths")
    resolved = paths.inside_roots(path.strip())
    if not os.path.exists(resolved):  # noqa: PTH110
        raise InputError(f"There is no file or folder {path}.")
    return str(resolved)


def _offer(checkpoint: str, dataset: str, run: str | None) -> None:
    """A button that runs the checkpoint over the dataset, unless that is under way; a run that is
    open already is done again as it was asked for."""
    again = run is not None
    asked = _asked(checkpoint, dataset, run)
    earlier = jobs_panel.last("infer", **asked)
    if earlier and earlier.state.live:
        return
    if earlier and (reason := jobs_panel.why(earlier)):
        st.caption(plain(reason))
    if st.button(
        "Run inference again" if again else "Run inference",
        key=Key.START,
        type="tertiary" if again else "primary",
        icon=":material/play_arrow:",
        width="content" if again else "stretch",
        help="For data or a checkpoint that have changed since."
        if again
        else "The checkpoint looks at every image, once. It goes on when this page is closed.",
    ):
        jobs_panel.start("infer", **asked)
        st.rerun()


def _asked(checkpoint: str, dataset: str, run: str | None) -> dict[str, object]:
    """Arguments of an inference, with the options of the run that it repeats."""
    made = stored_runs.manifest(paths.runs() / run) if run else None
    of_run = made["dataset"].get("options", {}) if made else {}
    earlier = {} if kept_options.is_said(dataset) else of_run
    asked: dict[str, object] = {
        "checkpoint": checkpoint,
        "dataset": dataset,
        "dataset_options": {**earlier, "confine": True},
    }
    options = made["checkpoint"].get("options") if made and "checkpoint" in made else None
    if options and checkpoint_card.is_foreign(checkpoint):
        asked["checkpoint_options"] = options
    return asked


def _selection(open_now: Scene) -> None:
    if open_now.selection is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**{count(len(open_now.selection), 'image')} selected**  \n"
            f"{plain(shortened(open_now.selection.title, 60))}",
            width="stretch",
        )
        st.button(
            "Clear",
            key=Key.CLEAR,
            icon=":material/close:",
            type="tertiary",
            on_click=callback(state.clear_selection),
        )


def _images(open_now: Scene) -> None:
    kept = {
        name: sample_id
        for name, sample_id in (("Primary", open_now.primary), ("Pinned", open_now.pinned))
        if sample_id
    }
    pictures = thumbnails([open_now.path(sample_id) for sample_id in kept.values()])
    if not kept:
        return
    with st.grid(2, min_column_width=90) as cells:
        for (name, sample_id), picture in zip(kept.items(), pictures, strict=True):
            with cells.cell(), st.container(key=f"card-{name}", gap="xsmall"):
                if picture:
                    st.image(picture, width="stretch", alt=sample_id, output_format="JPEG")
                gallery.opener(name, sample_id, Key.THUMBNAIL.of(name), width="stretch")


def _visitor() -> None:
    """Who is logged in, where people log in."""
    visitor = permissions.person()
    if visitor.id:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"{plain(shortened(visitor.name, 40))} · {visitor.role}", width="stretch")
            style = "color: inherit; opacity: 0.7; font-size: 0.875rem"
            link = f'href="{identity.base()}/logout" target="_self" style="{style}"'
            st.html(f"<a {link}>Log out</a>", width="content")


def _left_out() -> None:
    """What of the workspace is in no list, and why."""
    odd = workspace.left_out(str(paths.home()))
    if not odd:
        return
    said = "1 entry" if len(odd) == 1 else f"{len(odd)} entries"
    st.caption(f":material/warning: {said} of the workspace left out.")
    if permissions.teaching():
        return
    with st.expander("Which, and why"):
        for each in odd[:MOST_LEFT_OUT]:
            st.caption(f"**{plain(each.name)}** {plain(each.reason)}")
        st.caption("All of them, and what to do: `python -m dermxai doctor`")


def _last_part(path: str) -> str:
    return Path(path).name
