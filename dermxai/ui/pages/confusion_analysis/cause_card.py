"""Part of the Confusion analysis page: why the two classes are confused."""

import streamlit as st

from dermxai.confusion.card import open_card
from dermxai.confusion.finding import CauseCard
from dermxai.report import ConfusionAnalysis
from dermxai.report.causes import EFFECTS, REMEDIES, TITLES, conclusion, found, stack, table
from dermxai.ui.app import jobs_panel, pages
from dermxai.ui.app.guard import callback
from dermxai.ui.components import look, tables
from dermxai.ui.components.gallery import gallery
from dermxai.ui.components.text import plain
from dermxai.ui.session import state
from dermxai.ui.session.scene import Scene
from dermxai.ui.session.state import Key

_TITLE = "Causes"
_ABOUT = (
    "Tested one by one; errors are those of the decision between the two alone. "
    "Nothing is fitted on images that are asked about. A cause is named where p, corrected for "
    "the number of causes asked, is at most 5 %."
)
_MISSED = "Missed by all scores"


def causes(scene: Scene, analysis: ConfusionAnalysis) -> None:
    """The cause card, or the way to it."""
    pair = analysis.pair
    card = open_card(analysis.run, pair.first, pair.second, analysis.split)
    look.heading(_TITLE, _ABOUT)
    if card is None:
        _compute(analysis)
        return
    for sentence in conclusion(card):
        st.markdown(plain(sentence))
    shown = table(card)
    st.dataframe(
        shown,
        hide_index=True,
        height=look.height(shown, len(shown)),
        column_config=tables.aligned(
            shown,
            {
                "Effect": st.column_config.TextColumn(
                    help="\n\n".join(f"{TITLES[cause]}: {of}." for cause, of in EFFECTS.items())
                ),
                "Found": st.column_config.TextColumn(width="large"),
            },
        ),
    )
    _support(scene, card)


def remedy(analysis: ConfusionAnalysis) -> None:
    """What the causes that are named ask for."""
    pair = analysis.pair
    card = open_card(analysis.run, pair.first, pair.second, analysis.split)
    if card is None:
        st.markdown("Test the causes above: each that is named has its remedy.")
    elif not card.named:
        st.markdown("No cause is named, so that no remedy follows from one.")
    else:
        st.markdown(
            "\n".join(
                f"- {plain(TITLES[each.cause])}: {plain(REMEDIES[each.cause])}"
                for each in card.named
            )
        )
    if st.button("Try remedies", key=Key.REMEDY.of("open"), icon=":material/healing:"):
        st.switch_page(pages.REMEDIES, query_params=state.view().parameters)


def _support(scene: Scene, card: CauseCard) -> None:
    """What was found of one cause, its remedy, and the images that speak for it."""
    held = {TITLES[each.cause]: each.support for each in card.asked}
    told = {TITLES[each.cause]: found(each, card) for each in card.asked}
    remedies = {TITLES[each.cause]: REMEDIES[each.cause] for each in card.named}
    if card.errors_of_all:
        held[_MISSED] = card.errors_of_all
    if not held:
        return
    title = st.selectbox(
        "Images that speak for",
        list(held),
        key=Key.CAUSE.of(card.first, card.second),
        index=list(held).index(next(iter(remedies))) if remedies else 0,
        format_func=lambda name: f"{name} ({len(held[name]):,})",
        bind="query-params",
        persist_state="session",
        width=360,
    )
    if title in told:
        st.markdown(plain(f"{told[title]} {remedies.get(title, '')}"))
    tried = {TITLES[each.cause]: stack(each, card) for each in card.named}.get(title)
    if tried is not None and st.button(
        "Try it as a remedy", key=Key.REMEDY.of("causes"), icon=":material/healing:"
    ):
        state.show(stack=tried.text)
        st.switch_page(pages.REMEDIES, query_params=state.view().parameters)
    sample_ids = held[title]
    if not sample_ids:
        return
    st.button(
        "Make them the selection",
        key=Key.SELECT.of("causes"),
        type="tertiary",
        icon=":material/select_all:",
        on_click=callback(state.select),
        args=(f"{card.first} and {card.second}: {title}", sample_ids),
    )
    gallery("pair-causes", sample_ids, scene)


def _compute(analysis: ConfusionAnalysis) -> None:
    """Starts the job that tests, and shows how far it is."""
    asked: dict[str, object] = {
        "run": str(analysis.run.root),
        "first": analysis.pair.first,
        "second": analysis.pair.second,
    }
    if analysis.split:
        asked["split"] = analysis.split
    about = "Seconds, in the background; kept with the run."
    jobs_panel.offer("causes", "Test the causes", about, **asked)
