"""Whether what is told with a probability comes true as often."""

from collections.abc import Hashable, Mapping

import numpy as np
import pandas as pd

from dermxai.core.formatting import fixed
from dermxai.figures import vector
from dermxai.report.calibration import as_table, in_words
from dermxai.report.document.content import Block, Section, Table, Text
from dermxai.report.document.material import Material
from dermxai.report.document.sections.measures import drawing

_TITLES = {
    "ece": "ECE",
    "ece_debiased": "ECE, debiased",
    "brier": "Brier score, all classes",
    "reliability": "Brier: reliability",
    "resolution": "Brier: resolution",
    "uncertainty": "Brier: uncertainty",
    "within": "Brier: within bins",
    "log_loss": "Log loss, all classes",
}


def calibration(material: Material) -> Section:
    """Of the prediction's probability, and of all classes'."""
    title = "Calibration"
    if not material.shown.counts.evaluated:
        told = "No image here has a label that the model knows: calibration is undefined."
        return Section("calibration", title, (Text(told),))
    found = material.calibration
    rows = as_table(found)
    shown = pd.DataFrame(
        {
            "Measure": list(_TITLES.values()),
            **{
                str(row["probabilities"]).capitalize(): [_cell(row, name) for name in _TITLES]
                for row in rows.to_dict("records")
            },
        }
    )
    note = f"{in_words(found)} The Brier score has {100 * found.level:.0f} % intervals."
    blocks: list[Block] = [
        Table("calibration", "Calibration", shown, material.with_basis(rows), note)
    ]
    series = {"As predicted": found.before.reliability.bins}
    if found.after and found.temperature:
        name = f"Temperature {fixed(found.temperature.value)}"
        series[name] = found.after.reliability.bins
    caption = (
        f"Reliability diagram of {material.where}: shares of images by the mean probability of "
        f"their bin, with {100 * found.level:.0f} % intervals over {found.clusters}."
    )
    blocks.append(drawing("reliability", vector.reliability(series), caption))
    numbers = pd.concat(
        [bins.assign(probabilities=name) for name, bins in series.items()], ignore_index=True
    )
    bins = pd.DataFrame(
        {
            "Probabilities": numbers["probabilities"],
            "Bin": [
                f"{fixed(low)} to {fixed(high)}"
                for low, high in zip(numbers["from"], numbers["to"], strict=True)
            ],
            "Images": [f"{n:,}" for n in numbers["images"]],
            "Mean probability": [fixed(value, 3) for value in numbers["probability"]],
            "Share right": [
                vector.with_ends(*row) for row in numbers[["share", "low", "high"]].to_numpy(float)
            ],
        }
    )
    blocks.append(
        Table("reliability", "Reliability by bin", bins, material.with_basis(numbers), "")
    )
    return Section("calibration", title, tuple(blocks), frozenset({"calibration"}))


def _cell(row: Mapping[Hashable, float], name: str) -> str:
    if name == "brier":
        return vector.with_ends(row["brier"], row["low"], row["high"])
    return fixed(row[name], 3) if np.isfinite(row[name]) else "–"
