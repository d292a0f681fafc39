"""Trainings of one recipe among runs that are compared: mean ± SD over their seeds and splits."""

import json
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from dermxai.core.formatting import fixed
from dermxai.metrics.comparison import Comparison
from dermxai.runs import Run

APART = ("seed", "split")
"""Settings of a recipe in which trainings of one group may differ."""


def groups(runs: Mapping[str, Run]) -> dict[str, tuple[str, ...]]:
    """Names of runs whose networks were trained by one recipe, but for the seed and for how images
    were divided, by the name of the first; groups of two or more.

    Args:
        runs: by name.
    """
    found: dict[str, list[str]] = {}
    for name, run in runs.items():
        if run.info is not None and run.info.recipe:
            found.setdefault(_same(run.info.recipe), []).append(name)
    return {names[0]: tuple(names) for names in found.values() if len(names) > 1}


def _same(recipe: Mapping[str, object]) -> str:
    return json.dumps(_without(recipe), sort_keys=True, default=str)


def _without(told: Mapping[str, object]) -> dict[str, object]:
    return {
        name: _without(value) if isinstance(value, Mapping) else value
        for name, value in told.items()
        if name not in APART
    }


def spread(found: Comparison, of: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """A row a group, scope, class and measure: ``group``, ``scope``, ``class``, ``measure``,
    ``trainings`` (that it is defined for), ``mean`` and ``sd`` (of a sample, n − 1; NaN of one).

    Args:
        of: names of models by group.
    """
    parts = []
    for group, names in of.items():
        rows = found.table[found.table["model"].isin(names)]
        values = rows.groupby(["scope", "class", "measure"], sort=False)["value"]
        made = values.agg(trainings="count", mean="mean", sd="std").reset_index()
        parts.append(made.assign(group=group))
    columns = ["group", "scope", "class", "measure", "trainings", "mean", "sd"]
    if not parts:
        return pd.DataFrame(columns=columns)
    return pd.concat(parts, ignore_index=True)[columns]


def spread_table(
    found: Comparison,
    of: Mapping[str, Sequence[str]],
    titles: Mapping[str, str],
    shares: Sequence[str],
    code: str = "",
) -> pd.DataFrame:
    """A row a group for people.

    Args:
        of: names of models by group.
        titles: of measures.
        shares: measures that are written in percent.
        code: of a class; "" for the macro average.
    """
    rows = spread(found, of)
    table = {
        group: {"Trained alike": ", ".join(names), "Trainings": f"{len(names)}"}
        for group, names in of.items()
    }
    for row in rows[rows["class"] == code].to_dict("records"):
        share = row["measure"] in shares
        scale, digits = (100, 1) if share else (1, 3)
        said = fixed(scale * row["mean"], digits)
        if np.isfinite(row["sd"]):
            said += f" ± {fixed(scale * row['sd'], digits)}"
        table[row["group"]][titles[row["measure"]]] = said
    return pd.DataFrame(list(table.values()))
