"""The published reader study, and one's own model and readers, in one table."""

import numpy as np
import pandas as pd

from dermxai.metrics.rater_agreement import cohen
from dermxai.readers.analysis.classes import ALL
from dermxai.readers.analysis.whole import StudyAnalysis
from dermxai.readers.published import tables
from dermxai.readers.published.checks import agreement
from dermxai.report.evaluated import Evaluated

PEOPLE, MODEL = "280 dermatologists (Table 4)", "Published model (Table 4)"
PRINTED = "Dermatologists (Table 5)"
READERS, PROGRAM = "Your readers, mean", "Your program"
COLUMNS = ("class", "who", "single", "sensitivity", "specificity", "kappa", "low", "high")


def beside(
    evaluation: Evaluated | None = None, name: str = "", own: StudyAnalysis | None = None
) -> pd.DataFrame:
    """A row a class and who answered.

    Args:
        evaluation: of one's own model, of which the classes of the published study are taken.
        name: of that model.
        own: study of one's own, whose single readers have rows, too.

    Returns:
        `COLUMNS`; the interval is kappa's, NaN where there is none.
    """
    rows = _published()
    if evaluation is not None:
        rows += _of_model(evaluation, name)
    if own is not None:
        rows += of_study(own)
    return table_of(rows)


def table_of(rows: list[dict[str, object]]) -> pd.DataFrame:
    """`COLUMNS` of rows, in which what is not said of a single reader is of all."""
    table = pd.DataFrame(rows).reindex(columns=COLUMNS)
    return table.assign(single=table["single"].map(lambda each: each is True))


def _published() -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for code in tables.CLASSES:
        for who, table in ((PEOPLE, tables.TABLE_4_READERS), (MODEL, tables.TABLE_4_MODEL)):
            found = agreement(table[code])
            rows.append(
                {
                    "class": code,
                    "who": who,
                    "sensitivity": table[code].sensitivity / 100,
                    "specificity": table[code].specificity / 100,
                    "kappa": found.value,
                    "low": found.low,
                    "high": found.high,
                }
            )
        printed = tables.TABLE_5[tables.READERS][code].kappa
        rows.append({"class": code, "who": PRINTED, "kappa": printed})
    return rows


def _of_model(evaluation: Evaluated, name: str) -> list[dict[str, object]]:
    """Under argmax, of the images that have labels."""
    codes = [code for code in evaluation.classes if code in tables.CLASSES]
    cross = evaluation.cross_table.reindex(
        index=evaluation.classes, columns=evaluation.classes, fill_value=0
    )
    counts = cross.to_numpy(dtype=np.float64)
    measured = evaluation.table.set_index("class")
    rows: list[dict[str, object]] = []
    for code in codes:
        at = evaluation.classes.index(code)
        hits, cases, named = counts[at, at], counts[at].sum(), counts[:, at].sum()
        if not cases:
            continue
        two = [[hits, cases - hits], [named - hits, counts.sum() - cases - named + hits]]
        own = measured.loc[code]
        rows.append(
            {
                "class": code,
                "who": name,
                "sensitivity": own["sensitivity"],
                "specificity": own["specificity"],
                "kappa": cohen(two).value,
            }
        )
    return rows


def of_study(own: StudyAnalysis) -> list[dict[str, object]]:
    """Readers' mean, single readers and the device of one study, as rows of `beside`."""
    found = own.classes.rows[own.classes.rows["class"] != ALL]
    rows: list[dict[str, object]] = []
    for code, of_class in found.groupby("class", sort=False):
        measured = of_class.set_index("measure")
        for column, who in (("readers", READERS), ("device", PROGRAM)):
            if measured[column].notna().any():
                row: dict[str, object] = {"class": code, "who": who}
                for name in ("sensitivity", "specificity", "kappa"):
                    row[name] = measured.loc[name, column]
                row |= {end: measured.loc["kappa", f"{column}_{end}"] for end in ("low", "high")}
                rows.append(row)
    for point in own.classes.points.to_dict("records"):
        if not point["device"]:
            row = {"class": point["class"], "who": READERS, "single": True}
            rows.append(row | {name: point[name] for name in ("sensitivity", "specificity")})
    return rows
