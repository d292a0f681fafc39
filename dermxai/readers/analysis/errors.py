"""Where readers err, where the device errs, and where both do."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.metrics.confusion import ratio
from dermxai.readers.analysis.outcomes import Outcomes

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Errors:
    """
    Attributes:
        cases: a row a case: ``case``, ``truth``, ``answers``, share ``right``, the readers' most
            frequent class ``majority`` and its ``share``, and the ``device``'s class.
        readers: (class, class) mean share of answers, true classes in rows.
        device: the same of the device; None without one.
        counts: answers of all readers, (class, class), true classes in rows.
        of_device: the same of the device; None without one.
        both: cases by whether the readers' majority and the device are right, (2, 2), right first;
            None without a device.
    """

    cases: pd.DataFrame
    readers: Floats
    device: Floats | None
    counts: NDArray[np.int64]
    of_device: NDArray[np.int64] | None
    both: NDArray[np.int64] | None

    @property
    def doubtful(self) -> pd.DataFrame:
        """Cases that no reader calls what the reference says, of two answers or more: possible
        label errors."""
        return self.cases[(self.cases["right"] == 0) & (self.cases["answers"] > 1)]

    @property
    def both_wrong(self) -> pd.DataFrame:
        """Cases on which the readers' majority and the device are wrong."""
        truth, device = self.cases["truth"], self.cases["device"]
        answered = (self.cases["answers"] > 0) & (device != "")
        return self.cases[answered & (self.cases["majority"] != truth) & (device != truth)]


def errors(outcomes: Outcomes, arm: int = 0) -> Errors:
    """Of one arm."""
    study, chosen = outcomes.study, outcomes.chosen[arm]
    classes = len(study.classes)
    counts = (chosen[:, :, None] == np.arange(classes)).sum(axis=0)  # (case, class)
    answers = counts.sum(axis=1)
    majority = np.where(answers > 0, counts.argmax(axis=1), -1)
    names = np.array([*study.classes, ""], dtype=object)
    table = pd.DataFrame(
        {
            "case": [each.case_id for each in study.cases],
            "truth": names[study.truth],
            "answers": answers,
            "right": ratio(counts[np.arange(len(counts)), study.truth], answers),
            "majority": names[majority],
            "share": ratio(counts.max(axis=1), answers),
            "device": names[outcomes.device],
        }
    )
    summed = _summed(study.truth, counts, classes)
    readers = _shares(summed)
    if not outcomes.with_device:
        return Errors(table, readers, None, summed, None, None)
    called = (outcomes.device[:, None] == np.arange(classes)).astype(np.int64)
    of_device = _summed(study.truth, called, classes)
    known = (majority >= 0) & (outcomes.device >= 0)
    right = [(each == study.truth)[known] for each in (majority, outcomes.device)]
    both = np.zeros((2, 2), dtype=np.int64)
    np.add.at(both, ((~right[0]).astype(np.intp), (~right[1]).astype(np.intp)), 1)
    return Errors(table, readers, _shares(of_device), summed, of_device, both)


def _summed(
    truth: NDArray[np.intp], counts: NDArray[np.integer], classes: int
) -> NDArray[np.int64]:
    summed = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(summed, truth, counts)
    return summed


def _shares(summed: NDArray[np.int64]) -> Floats:
    return ratio(summed, summed.sum(axis=1, keepdims=True))
