"""One image: the ranked diagnosis, the votes behind it, and where on the skin they come from."""

import streamlit as st

from dermxai.ui import image, look
from dermxai.ui.explained import explained
from dermxai.ui.guard import guard
from dermxai.ui.scene import scene

ICON = ":material/center_focus_strong:"

view = scene()
looked_at = image.looked_at(view)

image.toolbar(view, looked_at[0])
look.notes(view.notes)
left, right = st.columns([5, 4], gap="large")
with right, guard():
    image.diagnosis(view, looked_at[0])
with left:
    explained(view.run, looked_at)
