"""Whether the prediction stays under rotation, blur, light, hair or a ruler."""

import streamlit as st

from dermxai.ui.components import look
from dermxai.ui.pages.image import image
from dermxai.ui.pages.robustness import robustness
from dermxai.ui.session.scene import scene

ICON = ":material/vibration:"

view = scene()
subject = image.looked_at(view)[0]

image.toolbar(view, subject, "Robustness")
look.notes(view.notes)
if image.lacks_network(view, [subject]):
    st.stop()
image.prediction(view, subject)
robustness.body(view, subject)
