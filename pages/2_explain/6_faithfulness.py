"""How faithful attribution maps are: methods × measures over some of the images, against control
maps."""

import streamlit as st

from dermxai.ui import belief, look
from dermxai.ui.gallery import gallery
from dermxai.ui.scene import scene
from dermxai.ui.text import count

ICON = ":material/fact_check:"

view = scene()
run = view.run

st.title("Faithfulness")
found = belief.ask_evaluation(view)
if found is None:
    look.notes(view.notes)
    belief.form(view)
else:
    belief.about(view, found)
    belief.verdicts(view, found)
    if view.selection:
        look.heading(view.selection.title, f"{count(len(view.selection), 'image')}, worst first.")
        gallery("selection", view.selection.sample_ids, view)
    belief.measure(view, found)
    belief.downloads(view, found)
