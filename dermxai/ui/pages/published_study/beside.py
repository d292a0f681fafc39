"""The published dermatologists and model, and one's own model and readers, drawn alike."""

from pathlib import Path

import pandas as pd
import streamlit as st

from dermxai import figures
from dermxai.core.errors import InputError
from dermxai.readers import studies
from dermxai.readers.analysis.whole import StudyAnalysis, analyse
from dermxai.readers.answers_file import parse_answers
from dermxai.readers.store.database import database, is_there
from dermxai.readers.stored_study import finished
from dermxai.report.readers import beside
from dermxai.ui.components import look
from dermxai.ui.components.tables import class_name, number_column
from dermxai.ui.components.text import plain, shortened
from dermxai.ui.pages.reader_studies import analysis
from dermxai.ui.pages.reader_studies import studies as reader_studies
from dermxai.ui.session.caches import evaluated
from dermxai.ui.session.caches.memory import kept
from dermxai.ui.session.scene import Scene
from dermxai.ui.session.state import Key

_TYPES = ["csv", "tsv", "txt"]
_DRAWS = 200


def ask_answers() -> StudyAnalysis | None:
    """A study of one's own: one that is kept here, or a file that is held in memory."""
    with st.expander("Your own readers", icon=":material/group:"):
        if (kept_here := _ask_study()) is not None:
            return kept_here
        sent = st.file_uploader(
            "Answers, one row each",
            _TYPES,
            key=Key.ANSWERS,
            help="Columns reader, case, truth, answer, and others: docs/reader-studies.md. Held in "
            "memory for your session only.",
        )
        device = st.text_input(
            "Reader that is a program", key=Key.ANSWERS.of("device"), max_chars=200
        ).strip()
        if sent is None:
            return None
        try:
            found = _analysed(sent.name, sent.getvalue(), device or None)
        except InputError as error:
            st.error(plain(str(error)), icon=":material/error:")
            return None
        look.facts(plain(found.study.summary()), plain(f"arm: {found.arm}"))
        look.notes(found.notes)
        return found


def _ask_study() -> StudyAnalysis | None:
    """A reader study of this server, for those who may see them."""
    if not (reader_studies.may() and is_there()):
        return None
    names = [each.name for each in studies.all_of(database()) if each.answered]
    if not names:
        return None
    name = st.selectbox(
        "A study here",
        names,
        index=None,
        key=Key.ANSWERS.of("study"),
        bind="query-params",
        persist_state="session",
        format_func=plain,
        placeholder="Choose a study, or a file below",
    )
    if name is None:
        return None
    study = studies.find(database(), name)
    arm = study.settings.arms[0]
    number = finished(database(), name)
    try:
        found = analysis.analysed(database(), name, arm, number, study.made_at)
    except InputError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return None
    look.facts(plain(found.study.summary()), plain(f"arm: {found.arm}"))
    look.notes(found.notes)
    return found


@kept()
def _analysed(name: str, content: bytes, device: str | None) -> StudyAnalysis:
    study = parse_answers(Path(name), content, device=device)
    return analyse(study, draws=_DRAWS)


def rows(scene: Scene, own: StudyAnalysis | None) -> pd.DataFrame:
    """A row a class and who answered, see `dermxai.report.readers`."""
    if scene.source.run is None:
        return beside(own=own)
    name = f"{shortened(str(scene.run.made_by['name']))} (this run, argmax)"
    return beside(evaluated.evaluation(scene.run_id, None), name, own)


def plane(rows: pd.DataFrame) -> None:
    """In the ROC plane."""
    look.plot(look.Plot.of(figures.roc_plane(rows, look.dark())), Key.FIGURE.of("plane"))


def kappas(rows: pd.DataFrame) -> None:
    """Kappa with the reference."""
    shown = rows[~rows["single"]]
    look.plot(look.Plot.of(figures.reference_kappas(shown, look.dark())), Key.FIGURE.of("kappas"))
    st.caption(
        "95 % intervals of the published tables take 200 cases as independent; those of your "
        "readers hold for other readers and cases."
    )


def table(rows: pd.DataFrame) -> None:
    """The same as numbers."""
    shown = rows[~rows["single"]].drop(columns="single")
    shown = shown.assign(**{"class": [class_name(code) for code in shown["class"]]})
    shown.columns = ["Class", "Who", "Sensitivity", "Specificity", "Kappa", "Low", "High"]
    drawn = {name: number_column("%.3f", 84) for name in shown.columns[2:]}
    with st.expander("Numbers", icon=":material/table:"):
        st.dataframe(
            shown,
            column_config=drawn,
            hide_index=True,
            height=look.height(shown, 16),
            placeholder="–",
        )
