"""People and the network take the same exam: make a study, give out codes, analyse answers."""

import streamlit as st

from dermxai.ui.pages.reader_studies import making, studies
from dermxai.ui.session.scene import scene

ICON = ":material/groups:"

view = scene()

st.title("Reader studies")
if studies.may():
    making.form(view)
    studies.table(view)
else:
    st.info("Reader studies are run by operators of this server; readers have a link of their own.")
