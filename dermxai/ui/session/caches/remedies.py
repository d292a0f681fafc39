"""Stacks of remedies, fitted and measured."""

from dermxai.remedies.outcome import Outcome, outcome
from dermxai.remedies.stack import FittedStack, Stack, fit_stack
from dermxai.ui.session.caches.memory import kept
from dermxai.ui.session.caches.stored_runs import run


@kept("Fitting …")
def fitted(run_id: str, stack: str) -> FittedStack:
    """A stack, by its JSON, fitted on the run's training and validation images."""
    return fit_stack(run(run_id), Stack.parsed(stack))


@kept("Measuring …")
def measured(run_id: str, stack: str, split: str, by: str = "") -> Outcome:
    """What it comes to on a split, beside the unchanged network."""
    return outcome(fitted(run_id, stack), split, by=by)
