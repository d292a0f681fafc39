"""Where the model is worse: groups of images, the worst slices, and a tree of its errors."""

import streamlit as st

from dermxai.ui.components import leakage, look
from dermxai.ui.components.gallery import gallery
from dermxai.ui.components.text import count
from dermxai.ui.pages.performance import performance
from dermxai.ui.pages.subgroups import asked, errors, groups, quality
from dermxai.ui.session.scene import scene

ICON = ":material/account_tree:"

view = scene()

st.title("Subgroups")
split = performance.ask_split(view)
with_leaks = leakage.ask(view, split)
look.notes(view.notes)
match asked.part():
    case asked.SLICES:
        errors.worst_slices(view, split, with_leaks)
    case asked.TREE:
        errors.error_tree(view, split, with_leaks)
    case _:
        groups.section(view, split, with_leaks)
quality.offer(view)
if view.selection:
    look.heading(view.selection.title, count(len(view.selection), "image"))
    gallery("subgroup", view.selection.sample_ids, view)
