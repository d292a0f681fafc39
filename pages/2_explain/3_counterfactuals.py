"""The smallest part of an image whose replacement changes the prediction."""

import streamlit as st

from dermxai.ui.components import look
from dermxai.ui.pages.counterfactuals import counterfactuals
from dermxai.ui.pages.image import image
from dermxai.ui.session.scene import scene

ICON = ":material/published_with_changes:"

view = scene()
subject = image.looked_at(view)[0]

image.toolbar(view, subject, "Counterfactuals")
look.notes(view.notes)
if image.lacks_network(view, [subject]):
    st.stop()
image.prediction(view, subject)
counterfactuals.body(view, subject)
