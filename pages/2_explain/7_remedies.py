"""What would mend the errors: changes fitted in seconds, beside the unchanged network."""

import streamlit as st

from dermxai.ui.components import look
from dermxai.ui.pages.remedies import remedies, stack
from dermxai.ui.session.scene import scene

ICON = ":material/healing:"

view = scene()

st.title("Remedies")
look.notes(view.notes)
asked = stack.asked()
left, right = st.columns([2, 3], gap="large")
with left:
    stack.ask(asked)
with right:
    fitted = remedies.fit(view, asked)
    stack.show(asked, fitted)
if fitted is None or not asked.steps:
    st.stop()
found = remedies.measure(view, asked, fitted)
if found is None:
    st.stop()
remedies.summary(found)
left, right = st.columns([5, 6], gap="medium")
with left:
    remedies.classes(found)
with right:
    remedies.price(found)
remedies.confusions(found)
remedies.images(view, found)
remedies.keeping(fitted)
remedies.training(fitted)
