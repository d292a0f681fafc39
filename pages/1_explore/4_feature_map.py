"""Images with like features lie together: one point an image, linked to the image itself."""

import streamlit as st

from dermxai.ui.app.guard import guard
from dermxai.ui.components import look, spaces
from dermxai.ui.components.explained import explained
from dermxai.ui.components.gallery import gallery, opener
from dermxai.ui.components.text import count, plain, shortened
from dermxai.ui.pages.feature_map import feature_map
from dermxai.ui.pages.image import image
from dermxai.ui.session.scene import scene
from dermxai.ui.session.state import Key
from dermxai.ui.session.subject import of_sample

ICON = ":material/scatter_plot:"

view = scene()

st.title("Feature map")
look.notes(view.notes)
with st.container(horizontal=True, vertical_alignment="bottom"):
    method, settings = feature_map.ask_method()
    colour = feature_map.ask_colour(view)
    space = spaces.ask(view.run)
left, right = st.columns([3, 2], gap="large")
with left:
    made = feature_map.projection(view, method, settings, space)
    if made is not None:
        feature_map.draw(view, made, colour, space)
        if not view.selection:
            st.caption(
                "Take the lasso or the box above the map, and draw around points to select them."
            )
with right:
    if view.primary is None:
        st.caption("Choose a point: its image, diagnosis and map appear here.")
    else:
        chosen = of_sample(view, view.primary)
        opener(
            plain(shortened(chosen.name, 40)),
            view.primary,
            Key.STEP.of("open"),
            icon=":material/center_focus_strong:",
        )
        with guard():
            image.prediction(view, chosen)
            explained(view.run, chosen)
if view.selection:
    look.heading(view.selection.title, count(len(view.selection), "image"))
    gallery("selection", view.selection.sample_ids, view)
