"""Two classes that are confused with each other: how often, by which heads, where, and what to
do."""

import streamlit as st

from dermxai.ui import cache, look, pair, pair_images
from dermxai.ui.performance import ask_split
from dermxai.ui.scene import scene

ICON = ":material/compare_arrows:"

view = scene()

st.title("Confusion analysis")
with st.container(horizontal=True, vertical_alignment="bottom"):
    split = ask_split(view)
    first, second = pair.ask_pair(view, split)
study = cache.study(view.run_id, split, first, second)
pair.summary(study)
look.notes((*view.notes, *study.notes))
if study.evaluation.cross_table.empty:
    pair.selected(view, study)
    st.stop()  # the notes say why
pair.headlines(study)
pair_images.errors(view, study)
way = pair.ask_way(study)
pair.votes(view, study, way)
pair.distinguishes(way, study)
pair.selected(view, study)
pair_images.maps(study)
pair.counted(study)
pair_images.suspects(view, study)
pair_images.meeting(study)
