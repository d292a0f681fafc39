"""Two classes that are confused with each other: how often, by which heads, where, and what to
do."""

import streamlit as st

from dermxai.ui import cache, confusion_analysis, confusion_images, look
from dermxai.ui.performance import ask_split
from dermxai.ui.scene import scene

ICON = ":material/compare_arrows:"

view = scene()

st.title("Confusion analysis")
with st.container(horizontal=True, vertical_alignment="bottom"):
    split = ask_split(view)
    first, second = confusion_analysis.ask_pair(view, split)
study = cache.study(view.run_id, split, first, second)
confusion_analysis.summary(study)
look.notes((*view.notes, *study.notes))
if study.evaluation.cross_table.empty:
    confusion_analysis.selected(view, study)
    st.stop()  # the notes say why
confusion_analysis.headlines(study)
confusion_images.errors(view, study)
way = confusion_analysis.ask_way(study)
confusion_analysis.votes(view, study, way)
confusion_analysis.distinguishes(way, study)
confusion_analysis.selected(view, study)
confusion_images.maps(study)
confusion_analysis.counted(study)
confusion_images.suspects(view, study)
confusion_images.meeting(study)
