"""Argmax and operating points side by side, and what tells which of them a table is of."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from dermxai.core.formatting import jsonable
from dermxai.metrics.measures import Measures

MEASURES = ("sensitivity", "specificity", "accuracy")
ERRORS = ("false_negatives", "false_positives")
ABOUT = (
    "Under argmax an image gets one class: each error is one missed image of a class and one false "
    "alarm of another, so that both add up to the same number. At operating points each class is "
    "decided by itself, and the two sums differ.",
    "Zhu et al. 2021 (doi:10.3389/fmed.2021.626369) print accuracy, sensitivity and specificity of "
    "14 classes in Table 2 and of 8 in Table 4. With the numbers of images of Table 1, Table 2 "
    "holds about 916 missed images and 8,915 false alarms: it is of operating points, and not of "
    "the confusion matrix in Figure 6, which is argmax. In Table 4 the network misses 33 images "
    "with 83 false alarms, but the dermatologists 63 with 63: network and readers were compared "
    "under different rules.",
    "Take accuracy, sensitivity and specificity from one rule, name it, and compare networks and "
    "readers under the same.",
)
"""What the paper's tables mix, in sentences."""


def both_rules(argmax: Measures, point: Measures) -> pd.DataFrame:
    """Both rules over the same images: a row a class, one for the sum of errors and the macro
    average (``class`` is ""): ``class``, ``images``, and for each rule, ``argmax`` and
    ``operating_point``, columns such as ``argmax_sensitivity`` and ``argmax_false_negatives``."""
    counts = argmax.counts
    table = pd.DataFrame(
        {
            "class": [*counts["class"], ""],
            "images": [*counts["images"], counts["images"].sum()],
        }
    )
    for name, found in (("argmax", argmax), ("operating_point", point)):
        values = {
            (scope, code, measure): value
            for scope, code, measure, value in found.table[
                ["scope", "class", "measure", "value"]
            ].itertuples(index=False)
        }
        for measure in MEASURES:
            keys = [("class", code, measure) for code in counts["class"]]
            table[f"{name}_{measure}"] = [values[key] for key in (*keys, ("macro", "", measure))]
        for error in ERRORS:
            numbers = found.counts[error].to_numpy(dtype=np.float64)
            whole = np.nan if np.isnan(numbers).all() else np.nansum(numbers)
            table[f"{name}_{error}"] = [*numbers, whole]
    return table


def sums_in_words(table: pd.DataFrame) -> Iterator[str]:
    """What the errors of each rule add up to."""
    last = table.iloc[-1]
    for name, words in (("argmax", "Argmax"), ("operating_point", "Operating points")):
        missed, alarms = (last[f"{name}_{error}"] for error in ERRORS)
        if not np.isnan(missed):
            yield f"{words}: {missed:,.0f} images missed, {alarms:,.0f} false alarms."


def as_json(argmax: Measures, point: Measures) -> object:
    """For programs."""
    return jsonable(both_rules(argmax, point).to_dict("records"))
