"""The reader study of Zhu et al. 2021, recomputed, beside your own model and readers."""

import streamlit as st

from dermxai.ui.components import look
from dermxai.ui.pages.published_study import beside, recomputed
from dermxai.ui.session.scene import scene

ICON = ":material/menu_book:"

view = scene()

st.title("Published study")
look.notes(view.notes)
recomputed.about()
own = beside.ask_answers()
rows = beside.rows(view, own)
left, right = st.columns([3, 2], gap="medium")
with left:
    beside.plane(rows)
with right:
    beside.kappas(rows)
beside.table(rows)
recomputed.section()
