"""A study's answers as arrays that `dermxai.metrics.mrmc` takes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermxai.metrics.mrmc.figures import Figure
from dermxai.metrics.mrmc.ratings import Ratings
from dermxai.metrics.probability import probabilities
from dermxai.readers.answered import Study
from dermxai.readers.answers_file import answer_scores

Floats = NDArray[np.float64]

AT = 0.5
"""Threshold of answers that are 0 or 1."""
PROPORTIONS = (Figure.SENSITIVITY, Figure.SPECIFICITY, Figure.ACCURACY)


@dataclass(frozen=True, eq=False)
class Outcomes:
    """
    Attributes:
        study: whose they are.
        chosen: (arm, reader, case) index of the class; −1 where there is none.
        device: (case,) of the device; −1 where there is none.
    """

    study: Study
    chosen: NDArray[np.intp]
    device: NDArray[np.intp]

    @staticmethod
    def of(study: Study) -> "Outcomes":
        return Outcomes(study, study.chosen(), study.of_device)

    @property
    def with_device(self) -> bool:
        return bool((self.device >= 0).any())

    def beside(self, arm: int) -> NDArray[np.intp]:
        """(reader + 1, case) answers of an arm, the device's last."""
        return np.vstack([self.chosen[arm], self.device])

    def called(self, arm: int, code: int) -> Ratings:
        """Whether a class was named, 1 or 0, of readers and, last, the device."""
        return self.ratings(self.beside(arm)[None], code)

    def decided(self, arm: int, code: int, points: str) -> Ratings:
        """As `called`, of the device at its operating points of this name: it may call a case
        several classes, or none."""
        device = self.study.device
        assert device is not None
        called = self.called(arm, code)
        own = np.full(len(self.study.cases), np.nan)
        at = self.study.case_at
        for case, decision in zip(device.cases, device.decisions[points][:, code], strict=True):
            if case in at:
                own[at[case]] = float(decision)
        scores = np.vstack([called.scores[0, :-1], own])[None]
        return Ratings(scores, called.diseased, called.clusters)

    def ratings(self, answers: NDArray[np.intp], code: int) -> Ratings:
        """Of (arm, reader, case) answers, for or against a class."""
        scores = np.where(answers >= 0, (answers == code).astype(np.float64), np.nan)
        return Ratings(scores, self.study.truth == code, self.study.clusters)

    def right(self, answers: NDArray[np.intp]) -> Ratings:
        """Whether answers (arm, reader, case) are right: all cases count as diseased, so that the
        sensitivity is the share of right answers."""
        scores = np.where(answers >= 0, (answers == self.study.truth).astype(np.float64), np.nan)
        return Ratings(scores, np.ones(self.study.truth.size, dtype=bool), self.study.clusters)

    def ranked(self, arm: int, code: int) -> Ratings:
        """How likely a class is to readers and, last, the device: ratings in a study of two
        classes whose second class they are of, else answers and how sure they were of them; the
        device's probabilities of the offered classes."""
        study = self.study
        confidence = study.number("confidence")[arm]
        scores = answer_scores(self.chosen[arm], confidence, len(study.classes))[..., code]
        rating = study.number("rating")[arm]
        if len(study.classes) == 2 and np.isfinite(rating).any():
            scores = rating if code == 1 else -rating
        else:
            scores = np.where(self.chosen[arm] >= 0, scores, np.nan)
        of_device = probabilities(study.device_scores())[:, code]
        return Ratings(np.vstack([scores, of_device])[None], study.truth == code, study.clusters)
