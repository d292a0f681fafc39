"""Who and what is in the images: classes, patients, splits, and the images themselves."""

import streamlit as st

from dermxai.ui.app.guard import callback
from dermxai.ui.components import filters, leakage, look, tables
from dermxai.ui.components.gallery import gallery
from dermxai.ui.components.text import count, percent, plain
from dermxai.ui.pages.dataset import mapping, public_sets, withdrawal
from dermxai.ui.session import state
from dermxai.ui.session.caches import datasets, plots
from dermxai.ui.session.scene import scene
from dermxai.ui.session.state import Key

ICON = ":material/photo_library:"

view = mapping.opened(scene)
samples, problems = view.table.samples, view.table.problems
whole, by_class = datasets.summary(view.source)
torn = datasets.leaks(view.source)

st.title("Dataset")
look.facts(
    plain(view.table.name),
    count(len(samples), "image"),
    count(int(whole["patients"]), "patient") if whole["patients"] > 0 else "patients not stated",
    f"age {tables.age(whole)}" if tables.age(whole) else "age not stated",
    f"{percent(whole['female_share'])} women" if whole["female"] >= 0 else "sex not stated",
    ", ".join(f"{plain(name)} {number:,}" for name, number in datasets.splits(view.source).items()),
)
look.notes(view.notes)
for note in datasets.split_notes(view.source):
    st.warning(plain(note), icon=":material/call_split:")
if len(torn):
    with st.expander(
        f"{tables.torn(torn)} in more than one split: what is measured on one split has been seen "
        "in another",
        icon=":material/warning:",
        expanded=True,
    ):
        st.dataframe(torn, hide_index=True)
leakage.between_splits(view)
mapping.show(view)
if problems:
    with st.expander(
        f"{count(len(problems), 'problem')} with files and rows", icon=":material/report:"
    ):
        st.dataframe(tables.problems(problems), hide_index=True)

left, right = st.columns([3, 4], gap="medium")
with left:
    look.plot(plots.balance(view.source, look.dark()), Key.FIGURE.of("balance"))
with right:
    shown, drawn = tables.classes(by_class)
    people = "patients" if whole["patients"] > 0 else "images, since patients are not stated"
    look.heading(
        "Who they are",
        f"Age (mean ± SD, range) and sex are those of {people}; shares of women are of those whose "
        "sex is known.",
    )
    st.dataframe(
        shown, column_config=drawn, hide_index=True, height=look.height(shown), placeholder="–"
    )

look.heading("Images")
chosen, search = filters.ask(datasets.choices(view.source), "dataset")
found = tuple(filters.filtered(samples, chosen, search).index)
title = filters.describe(chosen, search)
with st.container(horizontal=True, vertical_alignment="center"):
    st.caption(f"{count(len(found), 'image')}; choose one to open it.")
    if title and found:
        st.button(
            "Make them the selection",
            key=Key.SELECT.of("filter"),
            type="tertiary",
            icon=":material/select_all:",
            on_click=callback(state.select),
            args=(title, found),
        )
gallery("dataset", found, view)
public_sets.button()
withdrawal.button(view)
