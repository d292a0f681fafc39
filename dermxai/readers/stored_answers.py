"""Answers as tables, a row each; docs/reader-studies.md describes their columns."""

import json
from datetime import UTC, datetime

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from dermxai.readers import advice, studies
from dermxai.readers.definition import ArmKind, Stage
from dermxai.readers.store.database import Database
from dermxai.readers.store.tables import Case, Reader, Revision, Turn
from dermxai.readers.studies import StudyInfo

NETWORK = "network"
"""In the columns reader and arm of the network's own answers."""
YEARS = ("years", "years of experience")
GROUP = ("group", "training", "experience")
"""Names of fields of readers' background that are these columns of `long_form`."""
COLUMNS = (
    *("study", "reader", "arm", "stage", "case", "unit", "label", "choice", "confidence"),
    *("seconds", "changes", "views", "lost", "position", "answered_at", "ai_class", "ai_faulty"),
)


def answers(database: Database, name: str) -> pd.DataFrame:
    """Every finished answer of every reader, withdrawn codes included, and the network's where the
    study has one.

    Raises:
        InputError: there is no such study.
    """
    study = studies.find(database, name)
    background = [f"background:{each}" for each in study.settings.background]
    probabilities = [f"probability:{each}" for each in study.classes] if study.network else []
    with database.reading() as session:
        rows = [*_of_readers(session, study), *_of_network(session, study)]
    return pd.DataFrame(rows, columns=[*COLUMNS, *background, *probabilities]).astype(
        {"confidence": "Int64", "changes": "Int64", "views": "Int64", "lost": "Int64"}
        | {"position": "Int64"}
    )


def changes(database: Database, name: str) -> pd.DataFrame:
    """Every class and confidence that was given, in the order of time.

    Raises:
        InputError: there is no such study.
    """
    study = studies.find(database, name)
    columns = ("study", "reader", "arm", "stage", "case", "choice", "confidence", "seconds", "at")
    query = (
        select(Revision, Turn, Case.name, Reader.number)
        .join(Turn, Turn.id == Revision.turn_id)
        .join(Case, Case.id == Turn.case_id)
        .join(Reader, Reader.id == Turn.reader_id)
        .where(Reader.study_id == study.id)
        .order_by(Reader.number, Turn.position, Revision.id)
    )
    with database.reading() as session:
        rows = [
            (
                *(study.name, number, turn.arm, turn.stage, case),
                *(each.choice, each.confidence, each.seconds, _iso(each.at)),
            )
            for each, turn, case, number in session.execute(query)
        ]
    return pd.DataFrame(rows, columns=list(columns)).astype({"confidence": "Int64"})


def long_form(database: Database, name: str) -> pd.DataFrame:
    """A row each reader, case and arm, as analyses of readers take it: of an arm without and then
    with the AI the last answer, and the one before as ``first``. Of each arm only what is finished.

    Raises:
        InputError: there is no such study.
    """
    study = studies.find(database, name)
    rows = answers(database, name)
    last = [
        row["arm"] == NETWORK or row["stage"] == ArmKind(row["arm"]).stages[-1]
        for row in rows.to_dict("records")
    ]
    ended = rows[last].reset_index(drop=True)
    keys = ["reader", "case", "arm"]
    before = rows[~pd.Series(last, index=rows.index, dtype=bool)].set_index(keys)
    earlier = before.reindex(pd.MultiIndex.from_frame(ended[keys])).reset_index(drop=True)
    arms = [None if arm == NETWORK else ArmKind(arm) for arm in ended["arm"]]
    levels = max(study.settings.confidence, 2)
    table = pd.DataFrame(
        {
            **{ours: ended[ours] for ours in keys},
            "truth": ended["label"],
            "answer": ended["choice"],
            "help": [_help(arm) for arm in arms],
            "faulty": ["yes" if arm and arm.faulty else "no" for arm in arms],
            "maps": ["yes" if arm and arm.maps else "no" for arm in arms],
            "first": earlier["choice"],
            "shown": ended["ai_class"],
            "confidence": (ended["confidence"].astype("Float64") - 1) / (levels - 1),
            "seconds": ended["seconds"]
            + earlier["seconds"].where(earlier["choice"].notna(), 0.0).astype("float64"),
            "patient": ended["unit"],
        }
    )
    for ours, fields in (("years", YEARS), ("group", GROUP)):
        said = next((each for each in fields if f"background:{each}" in ended), None)
        if said is not None:
            told = ended[f"background:{said}"]
            table[ours] = told.where(told.map(_is_years)) if ours == "years" else told
    return table


def _help(arm: ArmKind | None) -> str:
    if arm is None or arm is ArmKind.WITHOUT:
        return "none"
    return "after" if len(arm.stages) > 1 else "start"


def _is_years(text: object) -> bool:
    return isinstance(text, str) and text.isdecimal() and int(text) <= 100


def _of_readers(session: Session, study: StudyInfo) -> list[dict[str, object]]:
    query = (
        select(Turn, Case, Reader)
        .join(Case, Case.id == Turn.case_id)
        .join(Reader, Reader.id == Turn.reader_id)
        .where(Reader.study_id == study.id, Turn.closed_at.is_not(None))
        .order_by(Reader.number, Turn.position)
    )
    return [_row(study, turn, case, reader) for turn, case, reader in session.execute(query)]


def _row(study: StudyInfo, turn: Turn, case: Case, reader: Reader) -> dict[str, object]:
    told: dict[str, str] = json.loads(reader.background or "{}")
    row: dict[str, object] = {
        "study": study.name,
        "reader": str(reader.number),
        "arm": turn.arm,
        "stage": turn.stage,
        "case": case.name,
        "unit": case.unit,
        "label": case.label,
        "choice": turn.choice,
        "confidence": turn.confidence,
        "seconds": turn.seconds,
        "changes": turn.changes,
        "views": turn.views,
        "lost": turn.lost,
        "position": turn.position + 1,
        "answered_at": _iso(turn.answered_at),
        **{f"background:{name}": text for name, text in told.items()},
    }
    if Stage(turn.stage) is Stage.WITH_AI and case.scores is not None:
        instead = case.faulty if ArmKind(turn.arm).faulty else None
        row["ai_class"], _ = advice.shown(json.loads(case.scores), instead)
        row["ai_faulty"] = instead is not None
    return row


def _of_network(session: Session, study: StudyInfo) -> list[dict[str, object]]:
    """Argmax over the classes offered."""
    cases = session.scalars(select(Case).where(Case.study_id == study.id).order_by(Case.name))
    rows = []
    for case in cases:
        if case.scores is None:
            continue
        scores = json.loads(case.scores)
        rows.append(
            {
                "study": study.name,
                "reader": NETWORK,
                "arm": NETWORK,
                "stage": Stage.ALONE.value,
                "case": case.name,
                "unit": case.unit,
                "label": case.label,
                "choice": advice.predicted(scores),
                **{
                    f"probability:{each}": probability
                    for each, probability in advice.probabilities(scores).items()
                },
            }
        )
    return rows


def _iso(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
