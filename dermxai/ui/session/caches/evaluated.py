"""What runs are worth, and what is known of two classes."""

import pandas as pd

from dermxai.metrics.evaluation import Evaluation
from dermxai.metrics.leakage import Premium
from dermxai.report import ConfusionAnalysis
from dermxai.report import confusion_analysis as analyse
from dermxai.report.evaluated import evaluated
from dermxai.report.evaluated import premium as evaluated_premium
from dermxai.runs import alike
from dermxai.ui.session.caches.rooms import kept
from dermxai.ui.session.caches.stored_runs import run


@kept("Measuring …")
def evaluation(run_id: str, split: str | None, leaks: bool = True) -> Evaluation:
    """What a run is worth on a split of its dataset, or on everything, with the images that leak
    from training or without."""
    return evaluated(run(run_id), split, leaks=leaks)


@kept("Measuring what leaks …")
def premium(run_id: str, split: str | None) -> Premium | None:
    """What images that leak from training add to the measures; None where none does."""
    return evaluated_premium(run(run_id), split, evaluation(run_id, split))


@kept("Looking for near-duplicates …")
def near_duplicates(run_id: str) -> pd.DataFrame:
    """See `alike.near_duplicates`."""
    return alike.near_duplicates(run(run_id))


@kept("Comparing …")
def confusion_analysis(
    run_id: str, split: str | None, first: str, second: str
) -> ConfusionAnalysis:
    """What is known of two classes.

    Raises:
        InputError: a class is not the model's, or both are the same.
    """
    return analyse(run(run_id), evaluation(run_id, split), first, second, split=split)
