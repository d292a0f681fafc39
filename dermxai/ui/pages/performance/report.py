"""Part of the Performance page: a report on the run, to take away."""

import re
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

import streamlit as st

from dermxai.core import entries
from dermxai.core.entries import UnusableError
from dermxai.data.places import is_atlas
from dermxai.metrics.measures import Measures
from dermxai.report.document.files import ReportFiles
from dermxai.report.document.material import ALL
from dermxai.report.written import RULE, options_of
from dermxai.runs import Run
from dermxai.ui.app import jobs_panel
from dermxai.ui.components import downloads, look
from dermxai.ui.session.scene import Scene
from dermxai.ui.session.state import Key

_ABOUT = (
    "One HTML file that needs nothing else and prints on A4: data, splits and leakage, model card, "
    "measures under both decision rules, calibration, confusions and their causes, subgroups, "
    "remedies tried, a methods paragraph, and what it answers of four reporting guidelines; beside "
    "it figures as SVG and PDF, tables as CSV, LaTeX and Word."
)
_MOST_BYTES = 500_000_000


def section(
    scene: Scene, split: str | None, found: Measures, merges: Sequence[Sequence[str]]
) -> None:
    """Makes the report as a job, and offers it.

    Args:
        found: the measures that are shown: an operating point that was chosen is the report's, too.
        merges: classes that the page takes as one; so does the report.
    """
    look.heading("Report", _ABOUT)
    run, point = scene.run, found.rule.point
    rule, target = (str(point.criterion), point.target) if point else (RULE, None)
    images = _ask_images(run)
    merge = ["+".join(each) for each in merges]
    options = options_of(split or ALL, images=images, rule=rule, target=target, merge=merge)
    files = ReportFiles(run.root)
    made = _made(files.page(options))
    if made:
        stem = re.sub(r"[^\w.-]+", "_", f"report-{run.id}-{split or ALL}")
        with st.container(horizontal=True, vertical_alignment="center"):
            for label, path, kind, mime in (
                ("Report (HTML)", files.page(options), "html", "text/html"),
                ("Figures and tables (ZIP)", files.archive(options), "zip", "application/zip"),
            ):
                downloads.button(
                    label,
                    partial(entries.read_bytes, path, _MOST_BYTES),
                    f"{stem}.{kind}",
                    mime,
                    icon=":material/download:",
                    kind="primary" if kind == "html" else "secondary",
                )
            st.caption(f"Of {made:%Y-%m-%d %H:%M}", width="content")
    about = "In the background, in about a minute; cause cards and maps are kept with the run."
    asked: dict[str, object] = {"run": str(run.root), "split": split or ALL, "rule": rule}
    asked |= {} if images is None else {"images": images}
    asked |= {} if target is None else {"target": target}
    asked |= {"merge": merge} if merge else {}
    label = "Make the report anew" if made else "Make the report"
    jobs_panel.offer("report", label, about, **asked)


def _ask_images(run: Run) -> bool | None:
    """Whether images are in it; None where all are drawn, so that none is a patient's."""
    if is_atlas(Path(str(run.manifest["dataset"]["path"]))):
        return None
    return st.toggle(
        "With images of patients",
        key=Key.IMAGES.of("report"),
        help="Errors of the most confused classes and their maps. Keep such a file where patients' "
        "images may be.",
        bind="query-params",
        persist_state="session",
    )


def _made(page: Path) -> datetime | None:
    """When the report was made; None where there is none."""
    try:
        return datetime.fromtimestamp(entries.readable(page).stat().st_mtime).astimezone()
    except (UnusableError, OSError):
        return None
