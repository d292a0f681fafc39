"""A relabelling queue: what several readers would label the same images, how far they agree, and
the sample table with the labels on which they do. The dataset itself is never changed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.core.spreadsheet import write_csv
from dermxai.metrics import agreement, intervals
from dermxai.metrics.basis import LEVEL
from dermxai.metrics.intervals import cluster_index
from dermxai.slices.annotations import Annotation, find_annotations

READERS_NEEDED = 2
"""Who have to propose the same label before it replaces the dataset's."""
OPEN, AGREED, DISPUTED, UNCHANGED = "open", "agreed", "disputed", "unchanged"


@dataclass(frozen=True)
class Agreement:
    """Of two readers on the images that both have labelled.

    Attributes:
        first, second: their names.
        images: how many both have labelled.
        same: share of these with the same label.
        kappa: Cohen's, with both ends of its interval; NaN where it is undefined.
    """

    first: str
    second: str
    images: int
    same: float
    kappa: float
    low: float
    high: float


def waiting(sample_ids: Sequence[str], found: Iterable[Annotation], reader: str) -> tuple[str, ...]:
    """Images of a queue for which a reader has proposed no label yet, in its order."""
    done = {each.sample_id for each in found if each.reader == reader and each.label}
    return tuple(each for each in sample_ids if each not in done)


def opinions(
    sample_ids: Sequence[str], labels: Sequence[str | None], found: Iterable[Annotation]
) -> pd.DataFrame:
    """What everybody would label the images of a queue.

    Args:
        sample_ids: (n,) distinct.
        labels: (n,) of the dataset; None where there is none.

    Returns:
        A row an image: sample_id, label, proposed (label that at least two readers propose and none
        contradicts, else None), readers, and state: "open" until two have proposed one,
        "disputed", "agreed" on another label than the dataset's, or "unchanged".
    """
    proposed: dict[str, list[str]] = {}
    for each in found:
        if each.label:
            proposed.setdefault(each.sample_id, []).append(each.label)
    rows = []
    for sample_id, label in zip(sample_ids, labels, strict=True):
        given = proposed.get(sample_id, [])
        one = given[0] if len(given) >= READERS_NEEDED and len(set(given)) == 1 else None
        rows.append((sample_id, label, one, len(given), _state(given, label)))
    return pd.DataFrame(rows, columns=["sample_id", "label", "proposed", "readers", "state"])


def _state(given: Sequence[str], label: str | None) -> str:
    if len(set(given)) > 1:
        return DISPUTED
    if len(given) < READERS_NEEDED:
        return OPEN
    return UNCHANGED if given[0] == label else AGREED


def reader_agreement(
    found: Iterable[Annotation],
    units: Sequence[str],
    sample_ids: Sequence[str],
    level: float = LEVEL,
) -> list[Agreement]:
    """How far each two readers agree: Cohen 1960, doi:10.1177/001316446002000104, with an interval
    that respects that images of a patient are alike.

    Args:
        sample_ids, units: (n,) the images that count, and the patient of each.
    """
    by_reader: dict[tuple[str, str], dict[str, str]] = {}
    for each in found:
        if each.label:
            by_reader.setdefault((each.reader, each.name), {})[each.sample_id] = each.label
    made = []
    for (one, ones), (other, others) in combinations(sorted(by_reader.items()), 2):
        both = np.array([each in ones and each in others for each in sample_ids], dtype=bool)
        shared = [each for each, here in zip(sample_ids, both, strict=True) if here]
        if not shared:
            continue
        pairs = pd.DataFrame([(ones[each], others[each]) for each in shared])
        codes, classes = pd.factorize(pairs.to_numpy().ravel())
        first, second = codes.reshape(-1, 2).T
        kappa = _kappa(first, second, len(classes), np.asarray(units)[both], level)
        same = float((first == second).mean())
        made.append(Agreement(one[1], other[1], len(shared), same, *kappa))
    return made


def _kappa(
    first: NDArray[np.intp],
    second: NDArray[np.intp],
    classes: int,
    units: NDArray[np.str_],
    level: float,
) -> tuple[float, float, float]:
    estimates = agreement.agreement("kappa", first, second, classes)
    found = intervals.score_interval(estimates, cluster_index(units), level)
    value, low, high = (
        2 * float(np.ravel(each)[0]) - 1 for each in (estimates.value, found.low, found.high)
    )
    return value, low, high


def relabelled(samples: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """The sample table with the labels that were agreed on, the dataset's own as ``source_label``.

    Args:
        samples: the sample table.
        found: of `opinions`.
    """
    agreed = found[found["state"] == AGREED].set_index("sample_id")["proposed"]
    new = samples["sample_id"].map(agreed)
    table = samples.rename(columns={"source_label": _free("source_label (table)", samples)})
    return table.assign(label=new.fillna(samples["label"]), source_label=samples["label"])


def _free(name: str, samples: pd.DataFrame) -> str:
    """The name of a column, with a number where a table that was labelled again has it already."""
    numbers = (f"{name} {number}" for number in range(2, len(samples.columns) + 3))
    return next(each for each in (name, *numbers) if each not in samples)


def write_relabelled(dataset: str | Path, samples: pd.DataFrame, path: Path) -> int:
    """Writes `relabelled` as a CSV file; how many labels differ from the dataset's.

    Raises:
        OSError: it cannot be written.
    """
    labels = [label if isinstance(label, str) else None for label in samples["label"]]
    found = opinions(list(samples["sample_id"]), labels, find_annotations(dataset)[0])
    write_csv(relabelled(samples, found), path, digits=None)
    return int((found["state"] == AGREED).sum())
