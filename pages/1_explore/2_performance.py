"""How well the checkpoint predicts this dataset: measures, confusion matrix, ROC curves."""

import streamlit as st

from dermxai.ui.components import leaks, look, tables
from dermxai.ui.components.gallery import gallery
from dermxai.ui.components.text import count
from dermxai.ui.pages.performance import cell, performance
from dermxai.ui.session.caches import evaluated, plots
from dermxai.ui.session.scene import scene
from dermxai.ui.session.state import Key

ICON = ":material/monitoring:"

view = scene()

st.title("Performance")
split = performance.ask_split(view)
with_leaks = leaks.ask(view, split)
evaluation = evaluated.evaluation(view.run_id, split, with_leaks)
performance.facts(view, evaluation)
look.notes((*view.notes, *evaluation.notes, *performance.left_out(view)))
if evaluation.cross_table.empty:
    st.stop()  # the notes say why
performance.overall(evaluation)

left, right = st.columns([2, 1], gap="medium")
with left:
    show = performance.ask_unit()
    look.plot(
        plots.confusion_matrix(view.run_id, split, show, look.dark(), with_leaks),
        key := Key.FIGURE.of("confusion", view.run_id, split, show, with_leaks),
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

shown, drawn = tables.measures(evaluation)
look.heading("One-vs-rest measures of each class")
st.dataframe(
    shown, column_config=drawn, hide_index=True, height=look.height(shown), placeholder="–"
)
performance.export(view, evaluation, split, with_leaks)
look.plot(plots.roc(view.run_id, split, look.dark(), with_leaks), Key.FIGURE.of("roc"))
leaks.premium(view, split)
