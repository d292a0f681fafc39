"""Stacks of remedies, fitted and measured."""

import streamlit as st

from dermxai.remedies.outcome import Outcome, outcome
from dermxai.remedies.stack import FittedStack, Stack, fit_stack
from dermxai.ui.components.text import plain
from dermxai.ui.session.caches.memory import kept
from dermxai.ui.session.caches.stored_runs import run


@kept()
def fitted(run_id: str, stack: str) -> FittedStack:
    """A stack, by its JSON, fitted on the run's training and validation images; a bar tells how
    far it is, and whatever is pressed meanwhile stops it."""
    asked, held = Stack.parsed(stack), run(run_id)
    titles = [*(step.title for step in asked.steps), ""]
    bar = st.progress(0.0, "Fitting …")

    def tell(done: int, steps: int) -> None:
        bar.progress(done / max(steps, 1), plain(f"Fitting: {titles[done]}"))

    made = fit_stack(held, asked, tell)
    bar.empty()
    return made


@kept("Measuring …")
def measured(run_id: str, stack: str, split: str, by: str = "") -> Outcome:
    """What it comes to on a split, beside the unchanged network."""
    return outcome(fitted(run_id, stack), split, by=by)
