"""What to ask next of an image: answered here, or on the page that does."""

from pathlib import Path
from typing import NamedTuple

import streamlit as st

from dermxai.runs import Run
from dermxai.ui.app import pages
from dermxai.ui.app.guard import guard
from dermxai.ui.app.probes import Pair
from dermxai.ui.components import question
from dermxai.ui.components.question import Question
from dermxai.ui.pages.counterfactuals import counterfactuals
from dermxai.ui.pages.nearest_neighbours import nearest_neighbours
from dermxai.ui.pages.robustness import robustness
from dermxai.ui.session.scene import Scene
from dermxai.ui.session.state import Key
from dermxai.ui.session.subject import Subject

COUNTERFACTUAL, ROBUSTNESS, NEIGHBOURS = "Counterfactual", "Robustness", "Nearest neighbours"


class _Page(NamedTuple):
    title: str
    place: Path
    icon: str
    help: str


_COMPARE = _Page(
    "Compare maps", pages.COMPARE, "compare", "Other methods on this image; fast ones at once."
)
_FAITHFUL = _Page(
    "Faithfulness", pages.FAITHFULNESS, "fact_check", "Whether maps of this run can be trusted."
)
_MEND = _Page("Remedies", pages.REMEDIES, "healing", "What would mend such errors, and its price.")


def draw(scene: Scene, subject: Subject, asked: Question) -> None:
    """The questions with their cost; the answer beneath them, where it was chosen.

    Args:
        asked: what the page asks of the image: the other class is that of the answers, too.
    """
    run = scene.run
    usual = question.usual(run, subject)
    against = asked.against if asked.target == usual.target else usual.against
    pair = Pair(usual.target, against or usual.against or "")
    open_ = [NEIGHBOURS] if not pair.against else [COUNTERFACTUAL, ROBUSTNESS, NEIGHBOURS]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        chosen = st.pills(
            "Ask next",
            open_,
            key=Key.NEXT,
            bind="query-params",
            persist_state="session",
        )
        wrong = subject.label is not None and subject.label != usual.target
        for page in (_COMPARE, _FAITHFUL, *([_MEND] if wrong else [])):
            _link(page)
    if chosen is None:
        if pair.against:
            st.caption(_costs(run, _answered(run, subject, pair)))
        return
    with st.container(border=True), guard():
        match chosen:
            case "Counterfactual":
                counterfactuals.body(scene, subject, pair)
            case "Robustness":
                robustness.body(scene, subject, pair)
            case _:
                nearest_neighbours.body(scene, subject, asked)


def _answered(run: Run, subject: Subject, pair: Pair) -> set[str]:
    """Those whose answers are kept."""
    found = {
        COUNTERFACTUAL: counterfactuals.usual(run, subject, pair),
        ROBUSTNESS: robustness.known(run, subject, pair),
    }
    return {name for name, answer in found.items() if answer is not None}


def _costs(run: Run, answered: set[str]) -> str:
    prices = {
        COUNTERFACTUAL: f"at most {question.cost(run, counterfactuals.price())}",
        ROBUSTNESS: question.cost(run, robustness.price(run)),
    }
    told = [
        f"{name}: {'computed' if name in answered else price}" for name, price in prices.items()
    ]
    return f"{' · '.join(told)} · the others at once."


def _link(page: _Page) -> None:
    st.page_link(
        str(page.place),
        label=page.title,
        icon=f":material/{page.icon}:",
        help=page.help,
        width="content",
    )
