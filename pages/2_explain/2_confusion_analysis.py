"""Two classes that are confused with each other: how often, by which heads, where, and what to
do."""

import streamlit as st

from dermxai.ui.components import look
from dermxai.ui.pages.confusion_analysis import (
    cause_card,
    confusion_analysis,
    confusion_images,
)
from dermxai.ui.pages.performance.performance import ask_split
from dermxai.ui.session.caches import evaluated
from dermxai.ui.session.scene import scene

ICON = ":material/compare_arrows:"

view = scene()

with st.container(horizontal=True, vertical_alignment="center"):
    st.title("Confusion analysis", width="content")
    split = ask_split(view)
    first, second = confusion_analysis.ask_pair(view, split)
analysis = evaluated.confusion_analysis(view.run_id, split, first, second)
confusion_analysis.summary(analysis)
notes = (*view.notes, *analysis.notes)
if analysis.evaluation.cross_table.empty:
    look.notes(notes)  # which say why there is nothing else
    confusion_analysis.selected(view, analysis)
    st.stop()

confusion_analysis.headlines(analysis)
confusion_images.errors(view, analysis)
confusion_analysis.counted(analysis)
look.folded_notes(notes)

look.section("Where on the skin")
confusion_images.maps(analysis)

look.section("Why they are confused")
cause_card.causes(view, analysis)
way = confusion_analysis.ask_way(analysis)
confusion_analysis.votes(view, analysis, way)
confusion_analysis.selected(view, analysis)
confusion_analysis.distinguishes(way, analysis)

look.section("What to do")
cause_card.remedy(analysis)
confusion_images.suspects(view, analysis)
confusion_images.meeting(analysis)
