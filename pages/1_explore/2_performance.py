"""How well the checkpoint reads this dataset: measures, confusion matrix, ROC curves."""

import json

import streamlit as st

from dermxai.ui import cache, cell, leaks, look, performance, tables
from dermxai.ui.gallery import gallery
from dermxai.ui.scene import scene
from dermxai.ui.state import Key
from dermxai.ui.text import count, percent, plain

ICON = ":material/monitoring:"

view = scene()
run = view.run

st.title("Performance")
split = performance.ask_split(view)
with_leaks = leaks.ask(view, split)
evaluation = cache.evaluation(view.run_id, split, with_leaks)
counts = evaluation.counts
look.facts(
    plain(run.manifest["checkpoint"]["name"]),
    plain(view.table.name),
    f"{counts.evaluated:,} of {count(counts.images, 'image')} evaluated",
    f"{percent(evaluation.level, 0)} intervals over {evaluation.clusters}",
    "decision: the class with the highest summed vote",
)
look.notes((*view.notes, *evaluation.notes, *performance.left_out(view)))
if evaluation.cross_table.empty:
    st.stop()  # the notes say why
performance.overall(evaluation)

left, right = st.columns([2, 1], gap="medium")
with left:
    show = performance.ask_unit()
    look.plot(
        cache.confusion_matrix(view.run_id, split, show, look.dark(), with_leaks),
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
look.heading("Each class against the rest")
st.dataframe(
    shown, column_config=drawn, hide_index=True, height=look.height(shown), placeholder="–"
)
with st.container(horizontal=True):
    st.download_button(
        "Table (CSV)",
        lambda: evaluation.table.to_csv(index=False),
        f"performance-{view.run_id}.csv",
        "text/csv",
        icon=":material/download:",
    )
    st.download_button(
        "All numbers (JSON)",
        lambda: json.dumps(evaluation.as_json(), ensure_ascii=False, indent=1),
        f"performance-{view.run_id}.json",
        "application/json",
        icon=":material/download:",
    )
look.plot(cache.roc(view.run_id, split, look.dark(), with_leaks), Key.FIGURE.of("roc"))
leaks.premium(view, split)
