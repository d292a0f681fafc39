"""What the AI shows readers with a case: the network's class and probabilities over the classes
offered, or another class where it is faulty."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dermxai.core.errors import InputError
from dermxai.readers.definition import StudySettings
from dermxai.readers.drawing import DrawnCase
from dermxai.runs import Run


@dataclass(frozen=True)
class NetworkScores:
    """
    Attributes:
        name: the run's id.
        scores: by case the score of each class offered: logits, or logarithms of imported
            probabilities.
    """

    name: str
    scores: Mapping[str, dict[str, float]]


def scores_of(run: Run, cases: Sequence[DrawnCase], classes: Sequence[str]) -> NetworkScores:
    """The network's scores of each case's first image, restricted to the classes offered.

    Raises:
        InputError: the run lacks an image or a class.
    """
    if missing := [each for each in classes if each not in run.classes]:
        raise InputError(
            f"The network of run {run.id} does not know class {missing[0]!r}, which readers are "
            f"offered; its classes are {', '.join(run.classes)}."
        )
    rows = run.index(case.name for case in cases)
    columns = [run.classes.index(each) for each in classes]
    scores = np.asarray(run.scores)[rows][:, columns]  # (case, class)
    if not np.isfinite(scores).all():
        raise InputError(f"Run {run.id} has scores that are no numbers; choose another run.")
    return NetworkScores(
        run.id,
        {
            case.name: {each: float(score) for each, score in zip(classes, row, strict=True)}
            for case, row in zip(cases, scores, strict=True)
        },
    )


def probabilities(scores: Mapping[str, float]) -> dict[str, float]:
    """Softmax of the scores, which sums to 1 over the classes offered."""
    values = np.array(list(scores.values()))
    powers = np.exp(values - values.max())
    return dict(zip(scores, (powers / powers.sum()).tolist(), strict=True))


def predicted(scores: Mapping[str, float]) -> str:
    """Argmax over the classes offered."""
    return max(scores, key=scores.__getitem__)


def faulty(
    network: NetworkScores,
    cases: Sequence[DrawnCase],
    classes: Sequence[str],
    settings: StudySettings,
) -> dict[str, str]:
    """The class that a faulty AI shows, by the name of the case: for a share of the cases drawn at
    random, the one with the highest score among those that are wrong."""
    if not any(arm.faulty for arm in settings.of_arms):
        return {}
    rng = np.random.default_rng([settings.seed, 1])
    chosen = rng.permutation(len(cases))[: round(settings.faulty_share * len(cases))]
    return {
        cases[index].name: max(
            (each for each in classes if each != cases[index].label),
            key=network.scores[cases[index].name].__getitem__,
        )
        for index in chosen
    }


def shown(scores: Mapping[str, float], instead: str | None) -> tuple[str, dict[str, float]]:
    """The class that the AI shows, and probabilities; where another class is to be shown instead,
    its probability and the highest are exchanged."""
    told, best = probabilities(scores), predicted(scores)
    if instead is None or instead == best:
        return best, told
    return instead, {**told, best: told[instead], instead: told[best]}
