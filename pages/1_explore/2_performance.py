"""How well the checkpoint predicts this dataset: measures, confusion matrix, ROC curves."""

import streamlit as st

from dermxai.ui.components import leakage, look
from dermxai.ui.pages.performance import calibration, measures, parts, performance, report
from dermxai.ui.session.caches import evaluated, plots
from dermxai.ui.session.scene import scene
from dermxai.ui.session.state import Key

ICON = ":material/monitoring:"

view = scene()

with st.container(horizontal=True, vertical_alignment="center"):
    st.title("Performance", width="content")
    split = performance.ask_split(view)
with_leaks = leakage.ask(view, split)
merging = measures.ask_merging(view.run.classes)
evaluation = evaluated.regrouped(view.run_id, split, with_leaks, merging)
performance.facts(view, evaluation)
notes = (*view.notes, *evaluation.notes, *performance.left_out(view))
if evaluation.cross_table.empty:
    look.notes(notes)  # which say why there is nothing else
    st.stop()
performance.overall(evaluation)

left, right = st.columns([5, 4], gap="medium")
with left:
    matrix = st.container(key="wide-confusion")
    show = performance.ask_unit()
    with matrix:
        look.plot(
            plots.confusion_matrix(
                view.run_id, split, show, look.dark(), with_leaks, regrouping=merging
            ),
            key := Key.FIGURE.of("confusion", view.run_id, split, show, with_leaks, merging.merges),
            on_select=lambda: performance.select_cell(evaluation, key),
            selection_mode="points",
            width="content",
        )
with right:
    performance.selected(view)
    performance.most_confused(view, evaluation)
look.folded_notes(notes)

look.heading("Measures")
regrouping = measures.ask_units(merging)
found = measures.section(view.run_id, split, with_leaks, regrouping)
performance.export(view, evaluation, found, split, with_leaks, regrouping=regrouping)
with st.container(key="wide-roc"):
    curves = plots.roc(view.run_id, split, look.dark(), with_leaks, regrouping=regrouping)
    look.plot(curves, Key.FIGURE.of("roc"))
parts.section(view.run_id, split, with_leaks, found, regrouping=regrouping)
calibration.section(view.run_id, split, with_leaks, list(found.counts["class"]), regrouping)
leakage.premium(view, split, merging)
report.section(view, split, found, merging.merges)
