"""Several methods on one image, one method on two, the difference of two maps."""

import streamlit as st

from dermxai.ui.app.guard import guard
from dermxai.ui.components import look
from dermxai.ui.pages.compare_maps import compare
from dermxai.ui.pages.image import image
from dermxai.ui.session.scene import scene

ICON = ":material/compare:"

view = scene()
looked_at = image.looked_at(view)

image.toolbar(view, looked_at[0])
look.notes(view.notes)
if image.lacks_network(view, looked_at):
    st.stop()
mode = compare.ask_mode()
with guard():
    if mode == compare.METHODS:
        compare.methods(view.run, looked_at[0])
    elif mode == compare.IMAGES:
        compare.images(view.run, looked_at)
    else:
        compare.differences(view.run, looked_at[0])
