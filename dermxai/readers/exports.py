"""A study's answers as other programs take them.

iMRMC reads blocks of one line a case and rating; R reads a table. No cell of either is a formula:
names that would be are written with an apostrophe before them (`dermxai.core.spreadsheet`).
"""

from pathlib import Path

import numpy as np
import pandas as pd

from dermxai.core.disk import replacing
from dermxai.core.errors import InputError
from dermxai.core.spreadsheet import harmless, write_csv
from dermxai.readers.analysis.outcomes import Outcomes
from dermxai.readers.answered import Study

DEVICE = "device"


def long_form(study: Study, code: str) -> pd.DataFrame:
    """A row a rating of one class against the others: ``reader``, ``treatment`` (arm), ``case``,
    ``patient``, ``truth`` (1 where the case is of the class), ``rating`` (higher for more likely)
    and ``called`` (1 where the class was named). The device is a reader of its own.

    Raises:
        InputError: the class was not offered.
    """
    if code not in study.classes:
        raise InputError(f"The class {code!r} came; the study offers {', '.join(study.classes)}.")
    at = study.classes.index(code)
    outcomes = Outcomes.of(study)
    readers = [*(each.reader_id for each in study.readers)]
    if study.device is not None:
        readers.append(study.device.name)
    rows = []
    for place, arm in enumerate(study.arms):
        ratings, called = outcomes.ranked(place, at), outcomes.called(place, at)
        scores, named = ratings.scores[0], called.scores[0]
        for reader, case in np.argwhere(np.isfinite(named)):
            if reader == len(study.readers) and place:
                continue
            rows.append(
                {
                    "reader": readers[reader],
                    "treatment": DEVICE if reader == len(study.readers) else arm.name,
                    "case": study.cases[case].case_id,
                    "patient": study.cases[case].patient,
                    "truth": int(ratings.diseased[case]),
                    "rating": float(scores[reader, case]),
                    "called": int(named[reader, case]),
                }
            )
    return pd.DataFrame(rows)


def write_long_form(study: Study, code: str, path: Path) -> None:
    """Writes a CSV file for R (`read.csv`) and others."""
    write_csv(long_form(study, code), path, digits=12)


def write_imrmc(study: Study, code: str, path: Path) -> None:
    """Writes an ``.imrmc`` file: readers, cases of either truth and modalities are counted in its
    head; each case's truth stands on a line of reader and modality "truth"."""
    table = long_form(study, code)
    for column in ("reader", "treatment", "case"):
        table[column] = [_plain(each) for each in table[column]]
        _check_distinct(table[column], column)
    cases = table[["case", "truth"]].drop_duplicates()
    lines = [
        _plain(f"{study.name}: {code} against the others"),
        f"NR: {table['reader'].nunique()}",
        f"N0: {int((cases['truth'] == 0).sum())}",
        f"N1: {int((cases['truth'] == 1).sum())}",
        f"NM: {table['treatment'].nunique()}",
        "BEGIN DATA:",
    ]
    lines += [f"truth,{row.case},truth,{row.truth}" for row in cases.itertuples()]
    lines += [
        f"{row.reader},{row.case},{row.treatment},{row.rating:.12g}" for row in table.itertuples()
    ]
    with replacing(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", "utf-8", newline="")


def _plain(name: object) -> str:
    """A name without what separates cells and lines there."""
    text = " ".join(str(name).replace(",", " ").replace(";", " ").split())
    return str(harmless(text))


def _check_distinct(written: pd.Series, what: str) -> None:
    if "truth" in set(written):
        raise InputError(f"A {what} is called 'truth', which iMRMC keeps for itself; rename it.")
