"""What a run's images can be grouped by: columns of the sample table, how well images were taken
where that was measured, and clusters of features."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.core.errors import InputError
from dermxai.metrics.groups import CUTS, Groups, groups
from dermxai.runs import Run
from dermxai.runs.image_quality import open_quality
from dermxai.subgroups.clusters import COUNT, feature_clusters

CLUSTER = "cluster"
"""Name of the column of clusters; a column of the table that is called so comes first."""
MOST_DIFFERENT = 50
"""Texts of a column that is grouped by without being asked for."""
_OF_NO_GROUP = frozenset(
    {"sample_id", "path", "label", "source_label", "patient_id", "lesion_id", "split"}
)


def columns(
    run: Run, rows: NDArray[np.intp], count: int = COUNT, space: str | None = None
) -> pd.DataFrame:
    """Columns that tell some of a run's images from others, those of the table first.

    Args:
        rows: (n,) positions of the images.
        count, space: of `feature_clusters`.

    Returns:
        (n rows) numbers and texts.

    Raises:
        InputError: as `feature_clusters`.
    """
    samples = run.samples.iloc[rows].reset_index(drop=True)
    if run.split is not None:
        samples["split"] = run.split.iloc[rows].to_numpy()
    kept = [
        name
        for name in samples
        if (name == "split" or name not in _OF_NO_GROUP) and not str(name).endswith("_path")
    ]
    table = samples[kept].rename(columns=str)
    quality = open_quality(run)
    if quality is not None:
        for name in quality.columns.difference(table.columns, sort=False):
            table[str(name)] = quality[name].to_numpy()[rows]
    if CLUSTER not in table:
        table[CLUSTER] = _titled(run, feature_clusters(run, count, space))[rows]
    return table[[name for name in table if len(pd.unique(table[name])) > 1]]


def asked_groups(
    table: pd.DataFrame, names: Sequence[str] = (), cuts: int = CUTS
) -> tuple[list[Groups], list[str]]:
    """The groups of columns, and columns that were left out for their many texts.

    Args:
        table: of `columns`.
        names: columns; all that have few texts where none is named.
        cuts: groups that numbers are cut into.

    Raises:
        InputError: no such column, or ``cuts`` is out of range.
    """
    if missing := [name for name in names if name not in table]:
        there = ", ".join(map(str, table)) or "none"
        raise InputError(
            f"There is no column {missing[0]!r} that tells these images apart; there are: {there}."
        )
    left_out = [] if names else [str(name) for name in table if _many(table[name])]
    wanted = list(dict.fromkeys(names)) or [str(name) for name in table if name not in left_out]
    found = [groups(table[name], cuts) for name in wanted]
    return [each for each in found if len(each) > 1], left_out


def _many(column: pd.Series) -> bool:
    numbers = pd.api.types.is_numeric_dtype(column)
    return bool(not numbers and column.nunique() > MOST_DIFFERENT)


def _titled(run: Run, cluster: NDArray[np.intp]) -> NDArray[np.object_]:
    """(n,) names of clusters, with the label that most of its images have."""
    labels = run.samples["label"].reset_index(drop=True)
    names: list[str] = []
    count = int(cluster.max(initial=-1)) + 1
    digits = len(str(count))  # so that texts are in the order of numbers
    for number in range(count):
        shares = labels[cluster == number].value_counts(normalize=True)
        most = f", {shares.index[0]} {100 * shares.iloc[0]:.0f} %" if len(shares) else ""
        names.append(f"{number + 1:0{digits}d}{most}")
    return np.array(names, dtype=object)[cluster] if names else cluster.astype(object)
