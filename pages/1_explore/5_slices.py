"""Named sets of images: keep, combine and export them, and label their images again."""

import streamlit as st

from dermxai.ui.components import look
from dermxai.ui.components.gallery import gallery
from dermxai.ui.components.text import count
from dermxai.ui.pages.slices import annotating, slices
from dermxai.ui.session.scene import scene

ICON = ":material/label:"

view = scene()

st.title("Slices")
look.notes(view.notes)
found = slices.found(view)
st.caption(
    "A slice is a set of images with a name, for everybody who opens this dataset. Select images "
    "on any page and keep them here; the slice that is opened is the selection of all pages."
)
slices.keep_selection(view)
slices.table(view, found)
slices.combine(view, found)
if view.selection:
    look.heading(view.selection.title, count(len(view.selection), "image"))
    gallery("selection", view.selection.sample_ids, view)
    annotating.section(view)
