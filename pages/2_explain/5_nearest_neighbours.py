"""The nearest images in feature space, of the predicted class and of the one it is confused with,
from other patients."""

import streamlit as st

from dermxai.ui.components import look
from dermxai.ui.pages.image import image
from dermxai.ui.pages.nearest_neighbours import nearest_neighbours
from dermxai.ui.session.scene import scene

ICON = ":material/hub:"

view = scene()
subject = image.looked_at(view)[0]

image.toolbar(view, subject, "Nearest neighbours")
look.notes(view.notes)
if subject.sample_id is None and image.lacks_network(view, [subject]):
    st.stop()
image.prediction(view, subject)
nearest_neighbours.body(view, subject)
