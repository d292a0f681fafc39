"""What help changes: each arm with help beside the arm without.

Readers who read in both arms are compared with themselves; where each reads in one arm only,
groups of readers are (`dermxai.metrics.mrmc.obuchowski_rockette`). In an arm whose help comes after
a first answer, that answer is the one without help.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.metrics import intervals
from dermxai.metrics.confusion import ratio
from dermxai.metrics.mrmc.figures import Covariance, Figure, covariance, measured
from dermxai.metrics.mrmc.obuchowski_rockette import (
    Generalises,
    obuchowski_rockette,
)
from dermxai.metrics.mrmc.ratings import Ratings
from dermxai.metrics.multiplicity import holm
from dermxai.readers.analysis.classes import ALL
from dermxai.readers.analysis.outcomes import AT, Outcomes
from dermxai.readers.answered import Help

Floats = NDArray[np.float64]

BINS = 5
"""Of confidence."""
EVERYBODY = "all readers"


@dataclass(frozen=True, eq=False)
class Gain:
    """
    Attributes:
        without, with_: names of the arms; ``without`` is "first answers" of the same arm where help
            comes after them.
        rows: differences, with help less without, of ``class``, ``measure`` and ``group`` of
            readers: ``before``, ``after``, ``difference``, ``low``, ``high``, ``p``, ``p_holm`` of
            all classes of a measure, ``readers``.
        nested: whether each reader read in one of the arms only.
        changes: counts by whether the help was right, and by what answers became: `CHANGES`.
        cases: those of which an answer became right or wrong: ``case``, ``truth``, what the help
            ``shown`` was where all were shown the same, and how many of the ``answers`` of readers
            who gave both were ``helped`` and ``harmed``; the most harmed first.
        bias: shares of wrong help that was followed, see `Bias`; None where no help was wrong.
    """

    without: str
    with_: str
    rows: pd.DataFrame
    nested: bool
    changes: pd.DataFrame
    cases: pd.DataFrame
    bias: "Bias | None"


@dataclass(frozen=True)
class Bias:
    """Following of wrong help, over answers to cases with wrong help.

    Attributes:
        answers: how many of them.
        followed: share that names the class that the help named.
        without: share of the answers without help, of the same readers and cases, that do.
        excess: difference of both, with ``low``, ``high``, readers and cases being draws.
    """

    answers: int
    followed: float
    without: float
    excess: float
    low: float
    high: float


HELPED, HARMED, RIGHT, WRONG = "wrong to right", "right to wrong", "right twice", "wrong twice"
CHANGES = (HELPED, HARMED, RIGHT, WRONG)
FIRST = "first answers"


def gains(outcomes: Outcomes, level: float = 0.95) -> tuple[Gain, ...]:
    """Of each arm with help, against the first arm without, or against its own first answers."""
    study = outcomes.study
    alone = [place for place, arm in enumerate(study.arms) if arm.help is Help.NONE]
    first, shown = study.chosen("first"), study.chosen("shown")
    made = []
    for place, arm in enumerate(study.arms):
        if arm.help is Help.NONE:
            continue
        if arm.help is Help.AFTER and (first[place] >= 0).any():
            before, name = first[place], FIRST
        elif alone:
            before, name = outcomes.chosen[alone[0]], study.arms[alone[0]].name
        else:
            continue
        both = np.stack([before, outcomes.chosen[place]])
        made.append(
            Gain(
                name,
                arm.name,
                _differences(outcomes, both, level),
                _nested(both),
                _changes(both, shown[place], study.truth),
                _cases(outcomes, both, shown[place]),
                _bias(outcomes, both, shown[place], level),
            )
        )
    return tuple(made)


def _nested(both: NDArray[np.intp]) -> bool:
    read = (both >= 0).any(axis=-1)
    return bool((read.sum(axis=0) <= 1).all())


def _differences(outcomes: Outcomes, both: NDArray[np.intp], level: float) -> pd.DataFrame:
    study = outcomes.study
    groups = {EVERYBODY: np.ones(len(study.readers), dtype=bool)}
    names = np.array([each.group for each in study.readers], dtype=object)
    for name in dict.fromkeys(each.group for each in study.readers if each.group):
        groups[name] = names == name
    rows = []
    for group, members in groups.items():
        answers = both[:, members]
        rows.append(
            {"class": ALL, "measure": "accuracy", "group": group}
            | _gain(outcomes.right(answers), Figure.SENSITIVITY, level)
        )
        if group != EVERYBODY:
            continue
        for code, name in enumerate(study.classes):
            for figure in (Figure.SENSITIVITY, Figure.SPECIFICITY):
                rows.append(
                    {"class": name, "measure": str(figure), "group": group}
                    | _gain(outcomes.ratings(answers, code), figure, level)
                )
    table = pd.DataFrame(rows)
    table["p_holm"] = np.nan
    for figure in (Figure.SENSITIVITY, Figure.SPECIFICITY):
        asked = (table["measure"] == str(figure)).to_numpy()
        table.loc[asked, "p_holm"] = holm(table.loc[asked, "p"].to_numpy())
    return table


def _gain(ratings: Ratings, figure: Figure, level: float) -> dict[str, float]:
    """With help less without; for other readers and cases, or for these readers where there is one
    alone."""
    values = measured(ratings, figure, AT).figures
    errors = covariance(ratings, figure, Covariance.DELONG, AT)
    nothing = dict.fromkeys(("before", "after", "difference", "low", "high", "p"), np.nan)
    try:
        found = obuchowski_rockette(values[::-1], errors[::-1][:, :, ::-1], level=level)
    except ValueError:
        return nothing | {"readers": 0}
    apart = found.to(Generalises.BOTH).differences[0]
    return {
        "before": float(np.nanmean(found.figures[1])),
        "after": float(np.nanmean(found.figures[0])),
        "difference": apart.value,
        "low": apart.low,
        "high": apart.high,
        "p": apart.p,
        "readers": len(found.readers),
    }


def _changes(
    both: NDArray[np.intp], shown: NDArray[np.intp], truth: NDArray[np.intp]
) -> pd.DataFrame:
    """Answers of the same reader to the same case without and with help, counted."""
    known = (both >= 0).all(axis=0)
    before, after = both == truth
    kinds = {
        HELPED: ~before & after,
        HARMED: before & ~after,
        RIGHT: before & after,
        WRONG: ~before & ~after,
    }
    of_help = {
        "help was right": shown == truth,
        "help was wrong": (shown >= 0) & (shown != truth),
        "help is not known": shown < 0,
    }
    rows = []
    for name, those in of_help.items():
        counts = {kind: int((mask & those & known).sum()) for kind, mask in kinds.items()}
        if sum(counts.values()):
            rows.append({"help": name, **counts, "answers": sum(counts.values())})
    return pd.DataFrame(rows, columns=["help", *CHANGES, "answers"])


def _cases(outcomes: Outcomes, both: NDArray[np.intp], shown: NDArray[np.intp]) -> pd.DataFrame:
    study = outcomes.study
    known = (both >= 0).all(axis=0)
    before, after = both == study.truth
    names = np.array([*study.classes, ""], dtype=object)
    table = pd.DataFrame(
        {
            "case": [each.case_id for each in study.cases],
            "truth": names[study.truth],
            "shown": names[_of_case(shown)],
            "answers": known.sum(axis=0),
            "helped": (known & ~before & after).sum(axis=0),
            "harmed": (known & before & ~after).sum(axis=0),
        }
    )
    changed = table[(table["helped"] > 0) | (table["harmed"] > 0)]
    return changed.sort_values(
        ["harmed", "helped"], ascending=[False, True], kind="stable"
    ).reset_index(drop=True)


def _bias(
    outcomes: Outcomes, both: NDArray[np.intp], shown: NDArray[np.intp], level: float
) -> Bias | None:
    named = np.where(shown >= 0, shown, _of_case(shown))
    wrong = (named >= 0) & (named != outcomes.study.truth)
    if not (wrong & (shown >= 0) & (both[1] >= 0)).any():
        return None
    followed = np.where((both >= 0) & wrong, (both == named).astype(np.float64), np.nan)
    cases = np.isfinite(followed).any(axis=(0, 1))
    data = Ratings(
        followed[:, :, cases],
        np.ones(int(cases.sum()), dtype=bool),
        np.unique(outcomes.study.clusters[cases], return_inverse=True)[1],
    )
    found = _gain(data, Figure.SENSITIVITY, level)
    counted = np.isfinite(followed[1])
    names = ("before", "difference", "low", "high")
    return Bias(
        int(counted.sum()), float(np.nanmean(followed[1])), *(found[name] for name in names)
    )


def _of_case(shown: NDArray[np.intp]) -> NDArray[np.intp]:
    """(case,) the class that was shown to everybody who was shown one, for readers of the other
    arm; −1 where it differs."""
    most = shown.max(axis=0, initial=-1)
    alike = ((shown == most) | (shown < 0)).all(axis=0)
    return np.where(alike, most, -1)


def times(outcomes: Outcomes, level: float = 0.95) -> pd.DataFrame:
    """Seconds to an answer: a row an arm, its median, quartiles, and the mean of readers' means of
    the logarithm as seconds (geometric), with an interval over readers."""
    seconds = outcomes.study.number("seconds")
    rows = []
    for arm, own in zip(outcomes.study.arms, seconds, strict=True):
        known = own[np.isfinite(own) & (own > 0)]
        if not known.size:
            continue
        logarithm = np.log(np.where(own > 0, own, np.nan))
        means = np.array([_mean(reader) for reader in logarithm])
        means = means[np.isfinite(means)]
        estimate = intervals.means(means[:, None], np.ones((means.size, 1), dtype=bool))
        ends = intervals.student_interval(estimate, np.arange(means.size), level)
        low, median, high = np.quantile(known, [0.25, 0.5, 0.75])
        rows.append(
            {
                "arm": arm.name,
                "answers": int(known.size),
                "median": median,
                "quartile_low": low,
                "quartile_high": high,
                "geometric_mean": float(np.exp(means.mean())),
                "low": float(np.exp(ends.low[0])),
                "high": float(np.exp(ends.high[0])),
            }
        )
    return pd.DataFrame(rows)


def confidence(outcomes: Outcomes, level: float = 0.95) -> pd.DataFrame:
    """How often readers are right who are so sure: a row an arm and bin of `BINS` equal ones, with
    the ``answers`` in it, mean ``confidence``, the share ``right`` with its interval over patients;
    and, in each row, the arm's expected calibration ``error`` and ``brier`` score."""
    sure = outcomes.study.number("confidence")
    rows = []
    for arm, own, chosen in zip(outcomes.study.arms, sure, outcomes.chosen, strict=True):
        known = np.isfinite(own) & (chosen >= 0)
        if not known.any():
            continue
        right = (chosen == outcomes.study.truth)[known].astype(np.float64)
        value = own[known]
        clusters = np.broadcast_to(outcomes.study.clusters, own.shape)[known]
        place = np.minimum((value * BINS).astype(np.intp), BINS - 1)
        inside = place[:, None] == np.arange(BINS)
        shares = intervals.shares(np.repeat(right[:, None], BINS, axis=1), inside)
        ends = intervals.score_interval(shares, intervals.cluster_index(clusters), level)
        means = ratio((inside * value[:, None]).sum(axis=0), inside.sum(axis=0))
        gap = np.nan_to_num(np.abs(shares.value - means)) * inside.mean(axis=0)
        for each in np.flatnonzero(inside.any(axis=0)):
            rows.append(
                {
                    "arm": arm.name,
                    "from": each / BINS,
                    "to": (each + 1) / BINS,
                    "answers": int(inside[:, each].sum()),
                    "confidence": means[each],
                    "right": shares.value[each],
                    "low": ends.low[each],
                    "high": ends.high[each],
                    "error": float(gap.sum()),
                    "brier": float(np.square(value - right).mean()),
                }
            )
    return pd.DataFrame(rows)


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else np.nan
