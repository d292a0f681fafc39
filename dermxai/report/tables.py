"""What an analysis says, as tables of texts and in sentences: the same on the page and on paper."""

from collections.abc import Hashable, Mapping

import numpy as np
import pandas as pd

from dermxai.core.formatting import count, fixed, interval, percent, points, signed
from dermxai.metrics.label_errors import FEWEST
from dermxai.metrics.pair import OTHER
from dermxai.report.confusion_analysis import ConfusionAnalysis, Way
from dermxai.report.sentences import MERGED


def ways(analysis: ConfusionAnalysis) -> pd.DataFrame:
    """Labels by predictions."""
    units = analysis.evaluation.clusters
    rows = []
    for row in analysis.pair.ways.to_dict("records"):
        shown = {
            "Label": row["true"],
            "Predicted as": row["predicted"] if row["predicted"] != OTHER else "another class",
            "Images": f"{row['images']:,} of {row['of']:,}",
        }
        if units != "images":
            shown[units.capitalize()] = f"{row['units']:,}"
        shown["Share"] = percent(row["share"])
        shown["95 % CI"] = interval(row["low"], row["high"])
        rows.append(shown)
    return pd.DataFrame(rows)


def merged(analysis: ConfusionAnalysis) -> pd.DataFrame:
    """Accuracy with the classes apart and as one."""
    return pd.DataFrame(
        [
            {
                "Measure": MERGED[row["measure"]],
                "Two classes": _estimate(row, "separate"),
                "As one class": _estimate(row, "merged"),
                "Gain": points(row["gain"], row["gain_low"], row["gain_high"]),
            }
            for row in analysis.pair.merged.to_dict("records")
        ]
    )


def votes(way: Way) -> pd.DataFrame:
    """Mean votes of the errors, how far they are from those of correct predictions, and, of several
    heads, what each alone decides; the last row is the sum."""
    decomposition, difference = way.errors, way.difference
    if decomposition is None:
        return pd.DataFrame()
    rows = [
        {
            "Head": head,
            "Vote": _signed_interval(
                decomposition.votes[i], decomposition.low[i], decomposition.high[i]
            ),
            "Over right": "–"
            if difference is None
            else _signed_interval(difference.votes[i], difference.low[i], difference.high[i]),
        }
        for i, head in enumerate(decomposition.heads)
    ]
    for i, row in enumerate(rows[: decomposition.flips.size]):
        row |= {
            "Alone": f"{decomposition.flips[i]:,} of {decomposition.images:,}",
            "95 % CI": interval(decomposition.flip_low[i], decomposition.flip_high[i], 0),
            f"→ {way.true}": f"{decomposition.turned[i]:,}",
        }
    total = {
        "Head": "Sum",
        "Vote": _signed_interval(
            decomposition.margin, decomposition.margin_low, decomposition.margin_high
        ),
        "Over right": "–"
        if difference is None
        else _signed_interval(difference.margin, difference.margin_low, difference.margin_high),
    }
    return pd.DataFrame([*rows, total]).fillna("")


def distinguishing(way: Way) -> pd.DataFrame:
    """What distinguishes errors from correct predictions; empty where nothing can be compared."""
    if way.apart is None or way.apart.table.empty:
        return pd.DataFrame()
    images = way.apart.images
    return pd.DataFrame(
        [
            {
                "What": _titled(row["column"], row["value"]),
                f"Errors ({images[0]:,})": _value(row["first"], row["value"]),
                f"Right ({images[1]:,})": _value(row["second"], row["value"]),
                "Difference": _change(row["difference"], row["value"]),
                "95 % CI": _changes(row["low"], row["high"], row["value"]),
                "p": probability(row["p"]),
                "q": probability(row["q"]),
            }
            for row in way.apart.table.to_dict("records")
        ]
    )


def balance(analysis: ConfusionAnalysis) -> pd.DataFrame:
    """How many images and patients each class has."""
    titles = {
        "training_images": "Training images",
        "training_patients": "Training patients",
        "images": "Images here",
        "patients": "Patients here",
    }
    return pd.DataFrame(
        [
            {
                "Class": row["class"],
                **{title: _counted(row, name) for name, title in titles.items()},
            }
            for row in analysis.balance.to_dict("records")
        ]
    )


def driver(way: Way) -> str:
    """Which head drives the errors, in a sentence; "" without a comparison."""
    difference = way.difference
    if difference is None or difference.driver is None:
        return ""
    at = difference.heads.index(difference.driver)
    moved = _signed_interval(difference.votes[at], difference.low[at], difference.high[at])
    return (
        f"Compared with images of {way.true} that are predicted correctly, {difference.driver} "
        "moves most "
        f"towards {way.predicted}: {moved} of {signed(difference.margin)} logits in all."
    )


def clustering(way: Way, units: str) -> str:
    """Whether the errors are clustered in few patients, in a sentence; "" where each has one image.

    Args:
        units: what the evaluation takes as independent.
    """
    found = way.clustering
    if found is None or found.of == found.images:
        return ""
    unit, p = units.removesuffix("s"), probability(found.p)
    equal = "" if p.startswith("<") else "= "
    clustered = "" if np.isnan(found.p) else f" Clustering of errors by {unit}: p {equal}{p}."
    everyone = count(found.of, unit)
    return (
        f"Errors come from {found.units:,} of {everyone}; the most, "
        f"{found.most_errors:,}, from one with {count(found.most_images, 'image')}.{clustered}"
    )


def searched(analysis: ConfusionAnalysis) -> str:
    """Where suspect labels were looked for and where not, in sentences; "" where everywhere."""
    said, apart = [], analysis.unseen != analysis.evaluation.counts.images
    if apart and any(analysis.searched.values()):
        images = count(analysis.unseen, "image")
        said.append(f"Searched among the {images} that the model was not trained on.")
    if lacking := [code for code, images in analysis.searched.items() if not images]:
        said.append(
            f"Not searched: {' and '.join(lacking)}; it takes at least {FEWEST} images of a class"
            f"{', not trained on' if apart else ''}, and images of another."
        )
    return " ".join(said)


def no_suspects(analysis: ConfusionAnalysis) -> str:
    """That no label looks wrong, of the classes that were searched, in a sentence."""
    codes = [code for code, images in analysis.searched.items() if images]
    return f"No label of {' or '.join(codes)} looks wrong to the model." if codes else ""


def probability(value: float) -> str:
    """A p-value."""
    if np.isnan(value):
        return "–"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _estimate(row: Mapping[Hashable, float], name: str) -> str:
    value, low, high = percent(row[name]), row[f"{name}_low"], row[f"{name}_high"]
    return value if np.isnan(low) else f"{value} ({interval(low, high)})"


def _signed_interval(value: float, low: float, high: float) -> str:
    ends = "" if np.isnan(low) else f" ({signed(low)} to {signed(high)})"
    return f"{signed(value)}{ends}"


def _titled(column: str, value: str) -> str:
    title = column.replace("_", " ").capitalize()
    return f"{title}: {value}" if value else title


def _value(number: float, share: str) -> str:
    return percent(number, 0) if share else fixed(number)


def _change(number: float, share: str) -> str:
    return points(number, digits=0) if share else signed(number)


def _changes(low: float, high: float, share: str) -> str:
    return "–" if np.isnan(low) else f"{_change(low, share)} to {_change(high, share)}"


def _counted(row: Mapping[Hashable, float], name: str) -> str:
    if np.isnan(row[name]):
        return "–"
    return f"{row[name]:,.0f} ({percent(row[f'{name}_share'])})"
