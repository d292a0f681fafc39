"""The demo: opened where its question is answered, and never taken for photographs."""

from pathlib import Path

import pandas as pd
import streamlit as st

from dermxai import taxonomy
from dermxai.core import entries, paths
from dermxai.core.entries import UnusableError
from dermxai.core.errors import InputError
from dermxai.data.places import AtlasFiles, demo_dataset, first_demo_dataset
from dermxai.jobs import State
from dermxai.jobs.gpus import gpus
from dermxai.models.files import CheckpointFiles
from dermxai.runs import Run
from dermxai.ui.app import jobs_panel, permissions
from dermxai.ui.session import state
from dermxai.ui.session.caches import stored_runs
from dermxai.ui.session.scene import Scene, scene
from dermxai.ui.session.state import Key

FIRST, SECOND = taxonomy.OVERLAPPING
"""The pair of the README's question: why is this one taken for that one?"""
_EVALUATED = 14  # images: one a class


def is_demo(run: Path) -> bool:
    """Whether the run is one over the demo's atlas."""
    try:
        return Path(stored_runs.manifest(run)["dataset"]["path"]) == demo_dataset()
    except (OSError, ValueError, KeyError, TypeError):
        return False


def is_second(run: Path) -> bool:
    """Whether the run is that of the demo's second checkpoint, which is there to be compared."""
    try:
        made_by = stored_runs.manifest(run)["checkpoint"]["path"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return is_demo(run) and Path(made_by) == paths.PLAIN_CHECKPOINT


def open_demo(run: str) -> None:
    """Shows the question's two classes, and an image that was taken for the other one."""
    state.open_run(run)
    state.show(first=FIRST, second=SECOND, primary=example(stored_runs.run(run)))
    state.put(Key.DEMO, run)


def example(run: Run) -> str | None:
    """Of the test images that the question is about, the one that shows both diseases' signs most
    evenly; None where there is none."""
    samples = run.samples.assign(predicted=run.predicted)
    asked = samples["label"].eq(FIRST) & samples["predicted"].eq(SECOND)
    for wish in (("split", "test"), ("label_noise", "no"), ("other_class", SECOND)):
        narrower = asked & samples.get(wish[0], pd.Series("", samples.index)).eq(wish[1])
        asked = narrower if narrower.any() else asked
    if not asked.any():
        return None
    chosen = samples[asked]
    mixed = pd.to_numeric(chosen.get("other_share", pd.Series(0.5, chosen.index)))
    return str(chosen["sample_id"].iloc[int((mixed - 0.5).abs().argmin())])


def prepare() -> None:
    """Starts in the background, once, what the pages of a new demo would else only offer: where
    the pair's maps lie on the skin, how faithful maps are, the run of a second checkpoint to be
    compared with, and the quick maps of each image. What was interrupted goes on."""
    opened = state.take(Key.DEMO)
    if not isinstance(opened, str) or not permissions.may("start jobs"):
        return
    from dermxai.ui.pages.faithfulness import (
        faithfulness,  # with torch, which the first page does without
    )

    run = stored_runs.run(opened)
    wanted: dict[str, dict[str, object]] = {
        "pair": {"run": str(run.root), "first": FIRST, "second": SECOND, "split": "test"},
        "faithfulness": faithfulness.usual(run, images=_EVALUATED),
        "infer": {"checkpoint": str(paths.PLAIN_CHECKPOINT), "dataset": str(demo_dataset())},
        "maps": {"run": str(run.root)},
    }
    if not CheckpointFiles(paths.PLAIN_CHECKPOINT).model.is_file():
        del wanted["infer"]
    earlier = {kind: jobs_panel.last(kind, **asked) for kind, asked in wanted.items()}
    missing = [
        kind for kind, job in earlier.items() if job is None or job.state is State.INTERRUPTED
    ]
    slow = {"device": "cpu"} if gpus() else {}  # GPUs are for what people ask for
    for kind in missing:
        jobs_panel.start(kind, **wanted[kind], **slow)
    if missing:
        st.rerun()  # and see them at work


def banner() -> None:
    """Over every page of an atlas: where its images come from; a newer demo, where there is one."""
    try:
        about = _about(scene())
    except InputError:
        return  # the page says why
    if about is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="drawn"):
        st.caption(
            ":material/brush: Drawn from published signs, not photographed: no patient is in these "
            "images.",
            width="content",
        )
        if _is_old(about) and permissions.may("start jobs"):
            _offer()


def _about(open_now: Scene) -> Path | None:
    """The settings of the atlas that is open, if it is one."""
    source = open_now.source
    dataset = open_now.run.manifest["dataset"]["path"] if source.run else source.dataset
    about = AtlasFiles(Path(str(dataset))).about
    try:
        entries.check_file(about)
    except UnusableError:  # a place that cannot be looked into, too
        return None
    return about


def _is_old(about: Path) -> bool:
    """Whether it is the demo of an earlier version, and the present one is not here."""
    if about.parent != first_demo_dataset() or demo_dataset().exists():
        return False
    try:
        return bool(entries.read_json(about, {"version": int})["version"] == 1)
    except UnusableError:
        return False


def _offer() -> None:
    earlier = jobs_panel.last("demo")
    if earlier and earlier.state.live:
        return
    if st.button(
        "Draw the new demo beside this one",
        key=Key.START.of("demo"),
        type="tertiary",
        icon=":material/add:",
        help="More patients and signs that two diseases share by degrees. This one stays as it is.",
    ):
        jobs_panel.start("demo")
        st.rerun()
