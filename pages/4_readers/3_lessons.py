"""Lessons: ordered steps that a class goes through together, joined by a code."""

import streamlit as st

from dermxai.ui.pages.lessons import lessons
from dermxai.ui.session.scene import scene

ICON = ":material/school:"

view = scene()

st.title("Lessons")
if lessons.may():
    lessons.page(view)
else:
    st.info("Lessons are given by operators of this server; students join one by its code.")
