"""How often one class is called another, by readers and by the device beside them.

Of the cases of a class the share that is called another one is a proportion like any other: it has
the intervals and tests of `classes`.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.metrics.mrmc.figures import Figure
from dermxai.metrics.mrmc.obuchowski_rockette import Generalises
from dermxai.metrics.mrmc.ratings import Ratings
from dermxai.metrics.multiplicity import holm
from dermxai.readers.analysis.classes import compared, device_interval, figures_of, within
from dermxai.readers.analysis.outcomes import Outcomes

COLUMNS = (
    *("truth", "answer", "cases", "readers", "readers_low", "readers_high"),
    *("device", "device_low", "device_high", "difference", "low", "high", "p", "p_holm"),
)


def confused(
    outcomes: Outcomes, arm: int = 0, to: Generalises = Generalises.BOTH, level: float = 0.95
) -> pd.DataFrame:
    """Pairs of classes that anybody confuses, both directions of a pair one after the other, those
    that readers confuse most first.

    Args:
        outcomes: of a study.
        arm: by index.
        to: whom intervals and p apply to.
        level: of intervals.

    Returns:
        A row a ``truth`` and other ``answer``, `COLUMNS`: shares of the ``cases`` of the true
        class that readers, on average, and the device call the other; the difference is readers
        less device, ``p_holm`` of all rows together.
    """
    study, answers = outcomes.study, outcomes.beside(arm)
    rows: list[dict[str, float | str | int]] = []
    weight: dict[int, float] = {}
    for first in range(len(study.classes)):
        for second in range(first):
            pair = [(second, first), (first, second)]
            if not any(_any(answers, study.truth, *each) for each in pair):
                continue
            found = [_row(outcomes, arm, each, to, level) for each in pair]
            weight[len(rows) // 2] = max(np.nan_to_num(float(each["readers"])) for each in found)
            rows += found
    order = sorted(weight, key=lambda place: -weight[place])
    table = pd.DataFrame([rows[2 * place + side] for place in order for side in (0, 1)])
    if not table.empty:
        table = within(table)
        table["p_holm"] = holm(table["p"].to_numpy(dtype=np.float64))
    return table.reindex(columns=list(COLUMNS))


def _any(answers: NDArray[np.intp], truth: NDArray[np.intp], first: int, second: int) -> bool:
    return bool((answers[:, truth == first] == second).any())


def _row(
    outcomes: Outcomes, arm: int, pair: tuple[int, int], to: Generalises, level: float
) -> dict[str, float | str | int]:
    first, second = pair
    study, called = outcomes.study, outcomes.called(arm, second)
    cases = study.truth == first
    of_first = Ratings(called.scores, cases, called.clusters)
    values, errors = figures_of(of_first, Figure.SENSITIVITY)
    ends = device_interval(of_first, Figure.SENSITIVITY, level)
    return {
        "truth": study.classes[first],
        "answer": study.classes[second],
        "cases": int(cases.sum()),
        **compared(values, errors, ends, to, level),
    }
