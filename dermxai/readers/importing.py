"""Answers of a study that was done elsewhere, in a CSV as `stored_answers` writes."""

import json
import math
import secrets
import time
from collections.abc import Hashable, Mapping
from io import StringIO
from pathlib import Path

import pandas as pd
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from dermxai import taxonomy
from dermxai.core import entries
from dermxai.core.entries import UnusableError
from dermxai.core.errors import InputError
from dermxai.core.spreadsheet import original
from dermxai.readers import studies
from dermxai.readers.definition import (
    LONGEST_NAME,
    MOST_CASES,
    MOST_CLASSES,
    ArmKind,
    StudySettings,
)
from dermxai.readers.store.database import Database
from dermxai.readers.store.tables import TOKEN, Case, Reader, Study, Turn
from dermxai.readers.stored_answers import NETWORK
from dermxai.readers.studies import MOST_READERS, MOST_TURNS, StudyInfo

MOST_BYTES = 64_000_000
NEEDED = ("reader", "case", "label", "choice")
_LONGEST = 1_000  # characters of an id
_SLOWEST = 1e7  # seconds
_LEVELS = 10


def import_answers(database: Database, name: str, file: Path, made_by: str = "") -> StudyInfo:
    """Keeps them as a closed study of this name. Rows of the network are left out.

    Raises:
        InputError: there is a study of this name, or the file holds what is no answer; the sentence
            names its line, and nothing is kept.
    """
    table = read(file)
    levels = int(table["confidence"].max()) if table["confidence"].notna().any() else 0
    settings = StudySettings(
        name=name,
        dataset=file.name,
        classes=tuple(taxonomy.ordered([*table["label"], *table["choice"]])),
        arms=tuple(dict.fromkeys(table["arm"])),
        run="elsewhere" if any(ArmKind(arm).needs_network for arm in table["arm"].unique()) else "",
        confidence=max(2, levels) if levels else 0,
    )
    now = time.time()
    study = Study(
        name=settings.name,
        settings=json.dumps(settings.model_dump(mode="json"), ensure_ascii=False),
        classes=json.dumps(settings.classes, ensure_ascii=False),
        made_at=now,
        made_by=made_by[:200],
        network="",
        closed_at=now,
    )
    try:
        with database.writing() as session:
            session.add(study)
            session.flush()
            _add(session, study.id, table, now)
    except IntegrityError as error:
        raise InputError(f"There is a study {name!r} already; choose another name.") from error
    return studies.find(database, name)


def read(file: Path) -> pd.DataFrame:
    """The readers' answers in a file, each once: reader, case, label, choice, arm, stage, unit
    (texts), confidence and seconds (numbers or none).

    Raises:
        InputError: as `import_answers`.
    """
    try:
        text = entries.read_text(file, MOST_BYTES)
        raw = pd.read_csv(StringIO(text), dtype=str, keep_default_na=False, nrows=MOST_TURNS + 1)
    except UnusableError as error:
        raise InputError(f"{file.name} {error}; expected a CSV file in UTF-8.") from error
    except (ValueError, OSError) as error:
        raise InputError(f"{file.name} is no CSV table: {' '.join(str(error).split())}.") from error
    if missing := [each for each in NEEDED if each not in raw]:
        raise InputError(
            f"{file.name} has no column {missing[0]}; expected {', '.join(NEEDED)}, and if you "
            "like arm, stage, unit, confidence and seconds."
        )
    if len(raw) > MOST_TURNS:
        raise InputError(f"{file.name} has more than {MOST_TURNS:,} rows, which is too many.")
    rows = [
        _row(file, line, row)
        for line, row in enumerate(raw.to_dict("records"), 2)
        if row["reader"] != NETWORK
    ]
    table = pd.DataFrame(rows)
    if table.empty:
        raise InputError(f"{file.name} holds no answer of a reader.")
    _check(file, table)
    return table


def _row(file: Path, line: int, row: Mapping[Hashable, str]) -> dict[str, object]:
    told = {str(key): str(original(value)).strip() for key, value in row.items()}
    arm = told.get("arm") or ArmKind.WITHOUT.value
    if arm not in list(ArmKind):
        raise _wrong(file, line, "arm", arm, f"one of {', '.join(ArmKind)}")
    stages = [stage.value for stage in ArmKind(arm).stages]
    stage = told.get("stage") or stages[0]
    if stage not in stages:
        raise _wrong(file, line, "stage", stage, f"one of {', '.join(stages)}")
    for name in NEEDED:
        longest = LONGEST_NAME if name in ("label", "choice") else _LONGEST
        if not 1 <= len(told[name]) <= longest or not told[name].isprintable():
            raise _wrong(file, line, name, told[name], f"1 to {longest} characters in one line")
    confidence = _number(file, line, "confidence", told.get("confidence", ""), _LEVELS)
    if confidence is not None and (confidence != int(confidence) or confidence < 1):
        raise _wrong(
            file, line, "confidence", told["confidence"], f"a whole number from 1 to {_LEVELS}"
        )
    return {
        **{name: told[name] for name in NEEDED},
        "arm": arm,
        "stage": stage,
        "unit": told.get("unit", "")[:_LONGEST] or told["case"],
        "confidence": confidence,
        "seconds": _number(file, line, "seconds", told.get("seconds", ""), _SLOWEST),
    }


def _number(file: Path, line: int, name: str, text: str, most: float) -> float | None:
    if not text:
        return None
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not 0 <= found <= most:
        raise _wrong(file, line, name, text, f"a number from 0 to {most:g}, or nothing")
    return found


def _wrong(file: Path, line: int, name: str, came: str, expected: str) -> InputError:
    return InputError(f"{file.name}, line {line}: {name} is {came[:60]!r}; expected {expected}.")


def _check(file: Path, table: pd.DataFrame) -> None:
    of = ["reader", "case", "arm", "stage"]
    if (twice := table.duplicated(of)).any():
        row = table[twice].iloc[0]
        raise InputError(
            f"{file.name} has two answers of reader {row['reader']!r} to case {row['case']!r}; "
            "expected one in each arm and stage."
        )
    for name in ("label", "unit"):
        several = table.groupby("case")[name].nunique()
        if (several > 1).any():
            case, count = several.idxmax(), several.max()
            raise InputError(f"{file.name} gives case {case!r} {count} {name}s; expected one.")
    bounds = {"reader": MOST_READERS, "case": MOST_CASES}
    for name, most in bounds.items():
        if (count := table[name].nunique()) > most:
            raise InputError(f"{file.name} has {count:,} {name}s; expected {most:,} at most.")
    classes = {*table["label"], *table["choice"]}
    if not 2 <= len(classes) <= MOST_CLASSES:
        raise InputError(f"{file.name} has {len(classes)} classes; expected 2 to {MOST_CLASSES}.")


def _add(session: Session, study: int, table: pd.DataFrame, now: float) -> None:
    cases = {}
    for row in table.drop_duplicates("case").to_dict("records"):
        case = Case(study_id=study, name=row["case"], label=row["label"], unit=row["unit"])
        session.add(case)
        cases[row["case"]] = case
    session.flush()
    for number, (name, of_reader) in enumerate(table.groupby("reader", sort=True), 1):
        reader = Reader(
            study_id=study,
            number=number,
            code_id=f"-{secrets.token_hex(5)}",  # no code is of this form: nobody comes in by it
            salt="",
            hash="",
            made_at=now,
            background=json.dumps({"name": str(name)}, ensure_ascii=False),
        )
        session.add(reader)
        session.flush()
        session.execute(
            insert(Turn),
            [
                {
                    "reader_id": reader.id,
                    "case_id": cases[row["case"]].id,
                    **{column: row[column] for column in ("arm", "stage", "choice")},
                    "position": position,
                    "token": secrets.token_hex(TOKEN // 2),
                    "confidence": None if pd.isna(row["confidence"]) else int(row["confidence"]),
                    "seconds": None if pd.isna(row["seconds"]) else float(row["seconds"]),
                    "answered_at": None,
                    "closed_at": now,
                }
                for position, row in enumerate(of_reader.to_dict("records"))
            ],
        )
