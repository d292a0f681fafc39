"""An analysis as files."""

import json
from pathlib import Path

import pandas as pd

from dermxai.core.disk import replacing
from dermxai.core.formatting import jsonable
from dermxai.core.spreadsheet import write_csv
from dermxai.metrics import basis
from dermxai.readers.analysis.whole import StudyAnalysis


def write(found: StudyAnalysis, folder: Path) -> list[Path]:
    """Writes each table as CSV, and all of it as ``analysis.json``.

    Returns:
        The files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tables: dict[str, pd.DataFrame] = {
        "classes": found.classes.rows,
        "operating_points": found.classes.operating,
        "points": found.classes.points,
        "kappa": found.kappas.rows,
        "agreement": found.kappas.among,
        "agreement_by_class": found.kappas.by_class,
        "confused": found.confused,
        "cases": found.errors.cases,
        "seconds": found.times,
        "confidence": found.confidence,
    }
    for gain in found.gains:
        name = "".join(each if each.isalnum() else "_" for each in gain.with_)
        tables[f"help_{name}"] = gain.rows
        tables[f"changes_{name}"] = gain.changes
        tables[f"changed_cases_{name}"] = gain.cases
    told = basis.columns(found.study.independent, found.level)
    made = []
    for name, table in tables.items():
        if table.empty:
            continue
        write_csv(table.assign(**told), path := folder / f"{name}.csv")
        made.append(path)
    whole = folder / "analysis.json"
    text = json.dumps(jsonable(found.as_json()), indent=2, ensure_ascii=False, allow_nan=False)
    with replacing(whole) as temporary:
        temporary.write_text(text, "utf-8")
    return [*made, whole]
