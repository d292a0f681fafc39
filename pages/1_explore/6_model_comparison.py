"""Two to six models on the same images: measures, differences, agreement, and where they differ."""

import streamlit as st

from dermxai.ui.app.guard import guard
from dermxai.ui.components import leakage, look
from dermxai.ui.pages.model_comparison import choice, images, studies, tables
from dermxai.ui.pages.performance import measures, performance
from dermxai.ui.session.scene import scene

ICON = ":material/stacks:"

view = scene()

st.title("Model comparison")
chosen = choice.ask_runs(view)
if len(chosen) < 2:
    look.notes(view.notes)
    st.info("Choose another run over the same images, or run another checkpoint over the dataset.")
    studies.section()
    st.stop()
split = performance.ask_split(view)
with_leaks = leakage.ask(view, split)
how = choice.ask_regrouping(view)
point = measures.ask_rule()
made = choice.comparison(chosen, split, with_leaks, point, how)
tables.facts(made)
look.notes((*view.notes, *made.about))
code = tables.ask_class(made)
tables.measures(made, code)
tables.trainings(made, code)
with st.container(horizontal=True, vertical_alignment="bottom"):
    pair = tables.ask_pair(made)
tables.differences(made, pair, code)
tables.agreement(made)
tables.export(made)
images.ask_images(view, made, pair, how[0].per)
with guard():
    images.same_image(view, made)
studies.section()
