"""How a split differs from the development data, and which images lie far from the training."""

import streamlit as st

from dermxai.ui.components import look
from dermxai.ui.components.gallery import gallery
from dermxai.ui.components.text import count
from dermxai.ui.pages.subgroups import quality, shift
from dermxai.ui.session.scene import scene

ICON = ":material/compare:"

view = scene()

st.title("Distribution shift")
look.notes(view.notes)
shift.section(view)
quality.offer(view)
if view.selection:
    look.heading(view.selection.title, count(len(view.selection), "image"))
    gallery("shift", view.selection.sample_ids, view)
