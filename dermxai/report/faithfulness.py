"""Faithfulness: an evaluation of maps and what it amounts to, in words and in intervals over
patients."""

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dermxai.data import splits
from dermxai.explain.faithfulness.evaluate import CENTRED, RANDOM
from dermxai.explain.faithfulness.measure import find_candidate, find_measure, measures
from dermxai.metrics.faithfulness import (
    FEWEST,
    Scale,
    Standing,
    Verdict,
    failures,
    summarised,
)
from dermxai.report.origin import prediction

if TYPE_CHECKING:
    from dermxai.explain.faithfulness.results import Results
    from dermxai.runs import Run

CONTROLS = (RANDOM, CENTRED)
_VERDICTS = {
    Verdict.BETTER: "better",
    Verdict.NEITHER: "no difference shown",
    Verdict.WORSE: "worse",
}
_STANDINGS = {
    Standing.BOTH: "beats both control maps",
    Standing.ONE: "beats one control map",
    Standing.NONE: "beats no control map",
    Standing.KEEPS: "keeps to the limit",
    Standing.BREAKS: "not shown to keep to the limit",
}


def scale(measure: str) -> Scale:
    """How a measure's values are compared."""
    found = find_measure(measure)
    return Scale(found.higher, found.share, found.compared, found.limit)


def summary(run: "Run", found: "Results") -> pd.DataFrame:
    """`dermxai.metrics.faithfulness.summarised` of an evaluation, patients together."""
    together = dict(zip(run.samples["sample_id"], splits.groups(run.samples), strict=True))
    scales = {name: scale(name) for name in found.asked.measures}
    return summarised(found.table, scales, together, random=RANDOM, centred=CENTRED)


def with_words(summary: pd.DataFrame) -> pd.DataFrame:
    """The same with verdicts and standings in words, for tables and files."""
    words: dict[str, Mapping[Verdict, str] | Mapping[Standing, str]] = {
        "random_verdict": _VERDICTS,
        "centred_verdict": _VERDICTS,
        "standing": _STANDINGS,
    }
    told = {
        column: [of.get(each, each) for each in summary[column]]
        for column, of in words.items()
        if column in summary
    }
    return summary.assign(**told)


def units(run: "Run") -> str:
    """What intervals take as independent: patients, where none is known lesions, else images."""
    return splits.units(run.samples)


def outdated(found: "Results") -> Iterator[str]:
    """A sentence on what an older version computed, if there is any."""
    if found.outdated:
        names = (
            measures()[name].title if name in measures() else title(name) for name in found.outdated
        )
        yield (
            f"Not shown, since an older version computed it: {', '.join(names)}. Compute the "
            "evaluation "
            "again; what still holds is not computed anew."
        )


def too_few(run: "Run", found: "Results", summary: pd.DataFrame) -> Iterator[str]:
    """A sentence on the measures that rest on too few patients for a verdict, if there are any."""
    of_methods = summary[~summary["method"].isin(CONTROLS)]
    old = of_methods["method"].isin(found.outdated) | of_methods["measure"].isin(found.outdated)
    of_methods = of_methods[~old]
    names = dict.fromkeys(of_methods.loc[of_methods["units"] < FEWEST, "measure"])
    if names:
        yield (
            f"No verdict on {', '.join(find_measure(name).title for name in names)}: fewer than "
            f"{FEWEST} {units(run)} have a value, too few to tell a difference from chance."
        )


def failed(found: "Results", method: str, measure: str) -> list[str]:
    """`dermxai.metrics.faithfulness.failures` of an evaluation: images on which a method fails."""
    return failures(found.table, scale(measure), method, measure, random=RANDOM, centred=CENTRED)


def title(method: str) -> str:
    """A method's or a control map's name in full."""
    return find_candidate(method).title


def titles(found: "Results") -> tuple[dict[str, str], dict[str, str]]:
    """Methods, control maps last, and measures of an evaluation: title by name."""
    return (
        {name: title(name) for name in (*found.asked.methods, *CONTROLS)},
        {name: find_measure(name).title for name in found.asked.measures},
    )


def in_words(summary: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Each method's title, and a sentence on what it was shown to do."""
    methods = summary[~summary["method"].isin(CONTROLS)]
    for method, rows in methods.groupby("method", sort=False):
        parts = []
        for standing, words in (
            (Standing.BOTH, "beats both control maps in {}"),
            (Standing.ONE, "beats only one control map in {}"),
            (Standing.NONE, "beats no control map in {}"),
            (Standing.KEEPS, "keeps to the limit of {}"),
            (Standing.BREAKS, "is not shown to keep to the limit of {}"),
        ):
            names = [
                find_measure(str(name)).title
                for name in rows.loc[rows["standing"] == standing, "measure"]
            ]
            if names:
                parts.append(words.format(", ".join(names)))
        yield title(str(method)), "; ".join(parts) + "." if parts else "nothing can be said yet."


def mean_curves(found: "Results", measure: str) -> dict[str, dict[str, list[float | str]]]:
    """By method's title, the measure's curves averaged over the images, "x" among them; empty where
    a measure has none."""
    table = found.table
    table = table[(table["measure"] == measure) & (table["curves"] != "")]
    averaged: dict[str, dict[str, list[float | str]]] = {}
    for method, rows in table.groupby("method", sort=False):
        curves = [json.loads(text) for text in rows["curves"]]
        of_image = rows.groupby("sample_id")["sample_id"].transform("size").to_numpy()
        means: dict[str, list[float | str]] = {"x": curves[0]["x"]}
        for name in curves[0]:
            if name != "x":
                values = np.array([curve[name] for curve in curves], dtype=np.float64)
                weights = np.isfinite(values) / of_image[:, None]
                sums = (np.nan_to_num(values) * weights).sum(axis=0)
                with np.errstate(invalid="ignore"):
                    means[name] = [float(each) for each in sums / weights.sum(axis=0)]
        averaged[title(str(method))] = means
    return averaged


def with_predictions(run: "Run", values: pd.DataFrame) -> pd.DataFrame:
    """An evaluation's values, each with label, prediction and probability of its image."""
    of = {name: prediction(run, str(name)) for name in values["sample_id"].unique()}
    told = pd.DataFrame([of[name] for name in values["sample_id"]], index=values.index)
    return pd.concat([values.drop(columns=["label", "read_as"]), told], axis=1)
