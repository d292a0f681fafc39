"""How well the checkpoint predicts this dataset: measures, confusion matrix, ROC curves."""

import streamlit as st

from dermxai.ui.components import leakage, look
from dermxai.ui.components.gallery import gallery
from dermxai.ui.components.text import count
from dermxai.ui.pages.performance import calibration, cell, measures, parts, performance, report
from dermxai.ui.session.caches import evaluated, plots
from dermxai.ui.session.scene import scene
from dermxai.ui.session.state import Key

ICON = ":material/monitoring:"

view = scene()

st.title("Performance")
split = performance.ask_split(view)
with_leaks = leakage.ask(view, split)
merging = measures.ask_merging(view.run.classes)
evaluation = evaluated.regrouped(view.run_id, split, with_leaks, merging)
performance.facts(view, evaluation)
look.notes((*view.notes, *evaluation.notes, *performance.left_out(view)))
if evaluation.cross_table.empty:
    st.stop()  # the notes say why
performance.overall(evaluation)

left, right = st.columns([2, 1], gap="medium")
with left:
    show = performance.ask_unit()
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
    performance.most_confused(view, evaluation)

if view.selection:
    look.heading(view.selection.title, f"{count(len(view.selection), 'image')}, the worst first.")
    gallery("selection", view.selection.sample_ids, view)
    cell.votes(view)
else:
    st.caption("Choose a cell, or the name of a row or a column: its images appear here.")

look.heading("Measures")
regrouping = measures.ask_units(merging)
found = measures.section(view.run_id, split, with_leaks, regrouping)
performance.export(view, evaluation, found, split, with_leaks, regrouping=regrouping)
curves = plots.roc(view.run_id, split, look.dark(), with_leaks, regrouping=regrouping)
look.plot(curves, Key.FIGURE.of("roc"))
parts.section(view.run_id, split, with_leaks, found, regrouping=regrouping)
calibration.section(view.run_id, split, with_leaks, list(found.counts["class"]), regrouping)
leakage.premium(view, split, merging)
report.section(view, split, found, merging.merges)
