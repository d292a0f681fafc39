"""How faithful attribution maps are: methods × measures over some of the images, against control
maps."""

import streamlit as st

from dermxai.ui.components import look
from dermxai.ui.components.gallery import gallery
from dermxai.ui.components.text import count
from dermxai.ui.pages.faithfulness import faithfulness
from dermxai.ui.pages.image import image
from dermxai.ui.session.scene import scene

ICON = ":material/fact_check:"

view = scene()
run = view.run

st.title("Faithfulness")
if run.imported:
    look.notes(view.notes)
    image.say_no_network(run)
    st.stop()
found = faithfulness.ask_evaluation(view)
if found is None:
    look.notes(view.notes)
    faithfulness.form(view)
else:
    faithfulness.about(view, found)
    faithfulness.verdicts(view, found)
    if view.selection:
        look.heading(view.selection.title, f"{count(len(view.selection), 'image')}, worst first.")
        gallery("selection", view.selection.sample_ids, view)
    faithfulness.measure(view, found)
    faithfulness.downloads(view, found)
