"""Runs a checkpoint over a dataset, from the sidebar or from the page that needs it."""

from pathlib import Path

import streamlit as st

from dermxai.core import paths
from dermxai.data import kept_options
from dermxai.ui.app import checkpoint_card, jobs_panel, permissions
from dermxai.ui.components.text import plain
from dermxai.ui.session import catalogue, state
from dermxai.ui.session.caches import stored_runs
from dermxai.ui.session.state import Key


def here() -> None:
    """In place of a page that needs a run: offers inference, or shows how far it is. The page
    comes by itself when it has ended."""
    checkpoint, dataset = catalogue.pair(catalogue.entries(), state.view())
    if not (checkpoint and dataset):
        missing = "checkpoint" if dataset else "dataset"
        st.info(f"Choose a {missing} at the left: this page shows what a checkpoint predicts.")
        return
    if catalogue.is_imported(checkpoint):
        st.info("These predictions are not of this dataset: import theirs, at the left.")
        return
    names = plain(catalogue.checkpoint_name(checkpoint)), plain(Path(dataset).name)
    st.markdown("{} has not seen {} yet.".format(*names))
    if not permissions.may("start jobs"):
        st.caption("Someone who may start jobs here can run inference.")
        return
    about = "In the background; it goes on when this page is closed."
    jobs_panel.offer("infer", "Run inference", about, **asked(checkpoint, dataset, None))


def again_or_first(checkpoint: str, dataset: str, run: str | None) -> None:
    """A button that runs the checkpoint over the dataset, unless that is under way; a run that is
    open already is done again as it was asked for."""
    again = run is not None
    wanted = asked(checkpoint, dataset, run)
    earlier = jobs_panel.last("infer", **wanted)
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
        jobs_panel.start("infer", **wanted)
        st.rerun()


def asked(checkpoint: str, dataset: str, run: str | None) -> dict[str, object]:
    """Arguments of an inference, with the options of the run that it repeats."""
    made = stored_runs.manifest(paths.runs() / run) if run else None
    of_run = made["dataset"].get("options", {}) if made else {}
    earlier = {} if kept_options.is_said(dataset) else of_run
    wanted: dict[str, object] = {
        "checkpoint": checkpoint,
        "dataset": dataset,
        "dataset_options": {**earlier, "confine": True},
    }
    options = made["checkpoint"].get("options") if made and "checkpoint" in made else None
    if options and checkpoint_card.is_foreign(checkpoint):
        wanted["checkpoint_options"] = options
    return wanted
