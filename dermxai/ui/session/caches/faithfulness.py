"""Evaluations of maps, and what they come to."""

from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from dermxai.core.errors import InputError
from dermxai.explain.faithfulness.files import FaithfulnessFiles
from dermxai.ui.session.caches.memory import changed, kept
from dermxai.ui.session.caches.stored_runs import run

if TYPE_CHECKING:
    from dermxai.explain.faithfulness.results import Results


def names(run_id: str) -> list[str]:
    """Names of a run's evaluations of maps, newest first."""
    from dermxai.explain.faithfulness.results import list_results

    return list_results(run(run_id))


class EvaluatedMaps(NamedTuple):
    """An evaluation of maps: the run's id, its own name, and when it was last written, in ns;
    written again when what failed has been tried once more."""

    run: str
    name: str
    changed: int


def evaluated_maps(run_id: str, name: str) -> EvaluatedMaps:
    file = FaithfulnessFiles.of(run(run_id).root).asked(name)
    return EvaluatedMaps(run_id, name, changed(file))


@kept()
def results(evaluation: EvaluatedMaps) -> "Results":
    """
    Raises:
        InputError: the evaluation is gone.
    """
    from dermxai.explain.faithfulness.results import open_results

    found = open_results(run(evaluation.run), evaluation.name)
    if found is None:
        raise InputError("This evaluation is no longer with its run; start it again.")
    return found


@kept("Computing intervals …")
def summary(evaluation: EvaluatedMaps) -> pd.DataFrame:
    from dermxai.report import faithfulness as report

    return report.summary(run(evaluation.run), results(evaluation))
