"""A study here as one that is analysed, the network that took its exam beside the readers."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from sqlalchemy import func, select

from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.core.spreadsheet import to_csv
from dermxai.metrics.decision import OperatingPoint
from dermxai.readers import studies
from dermxai.readers.answered import Device, Study
from dermxai.readers.answers_file import parse_answers
from dermxai.readers.exam import exam
from dermxai.readers.store.database import Database
from dermxai.readers.store.tables import Case, Reader, Turn
from dermxai.readers.stored_answers import NETWORK, long_form
from dermxai.readers.studies import StudyInfo
from dermxai.runs import open_run


def study_of(database: Database, name: str, point: OperatingPoint | None = None) -> Study:
    """All finished answers of a study, those of ended codes included.

    Args:
        database: that holds it.
        name: of the study.
        point: that the network's operating points are chosen at, where its run is still there.

    Raises:
        InputError: there is no such study, or nobody has finished a case.
    """
    info = studies.find(database, name)
    table = long_form(database, name)
    people = table[table["arm"] != NETWORK]
    if people.empty:
        raise InputError(f"Nobody has finished a case of the study {name!r} yet.")
    content = to_csv(people).encode()
    found = parse_answers(Path("answers.csv"), content, classes=info.classes)
    return replace(found, name=name, device=_device(database, info, found, point))


def finished(database: Database, name: str) -> int:
    """How many answers `study_of` takes; they are never changed, so that it tells one state of a
    study from another.

    Raises:
        InputError: there is no such study.
    """
    study = studies.find(database, name)
    query = (
        select(func.count(Turn.closed_at))
        .join(Reader, Reader.id == Turn.reader_id)
        .where(Reader.study_id == study.id)
    )
    with database.reading() as session:
        return session.scalar(query) or 0


def _device(
    database: Database, info: StudyInfo, study: Study, point: OperatingPoint | None
) -> Device | None:
    """The network by the scores that readers were shown; with operating points where its run still
    has the same."""
    with database.reading() as session:
        rows = session.execute(
            select(Case.name, Case.scores)
            .where(Case.study_id == info.id, Case.scores.is_not(None))
            .order_by(Case.name)
        ).all()
    told = {name: json.loads(scores) for name, scores in rows if scores}
    if not told:
        return None
    scores = np.array([[each[code] for code in info.classes] for each in told.values()])
    kept = Device(info.network, tuple(told), scores)
    try:
        taken = exam(open_run(paths.named_run(info.settings.run)), study, point=point)
    except InputError:  # it is gone, or another one
        return kept
    at = {case: place for place, case in enumerate(kept.cases)}
    if not set(taken.cases) <= set(at):
        return kept
    same = np.allclose(scores[[at[case] for case in taken.cases]], taken.scores, atol=1e-4)
    return replace(taken, name=kept.name) if same else kept
