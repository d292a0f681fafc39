"""Studies: made, found, closed; and the codes by which readers come in."""

import json
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import SystemRandom

from sqlalchemy import Select, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from dermxai import taxonomy
from dermxai.access import codes
from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.core.settings import checked
from dermxai.data import load_dataset
from dermxai.readers import advice
from dermxai.readers.definition import ArmKind, Design, StudySettings
from dermxai.readers.drawing import DrawnCase, draw, offered
from dermxai.readers.store.database import Database
from dermxai.readers.store.tables import Case, CaseImage, CaseMap, Reader, Study, Turn
from dermxai.runs import open_run
from dermxai.slices import open_slice

MOST_READERS = 1_000
MOST_TURNS = 200_000
"""Of all readers of a study."""


@dataclass(frozen=True)
class StudyInfo:
    """
    Attributes:
        made_at, closed_at: seconds since the epoch; closed_at None while it is open.
        readers: codes that were made and are not withdrawn.
        turns, answered: what all readers are to answer, and have answered.
        faults: turns that cannot be shown.
    """

    id: int
    name: str
    settings: StudySettings
    classes: tuple[str, ...]
    made_at: float
    made_by: str
    network: str
    closed_at: float | None
    cases: int
    readers: int
    turns: int
    answered: int
    faults: int

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


@dataclass(frozen=True)
class ReaderInfo:
    """A reader, as far as the study knows: a number and a code's id."""

    number: int
    code_id: str
    arms: tuple[str, ...]
    turns: int
    answered: int
    withdrawn: bool


@dataclass(frozen=True)
class NewCode:
    study: str
    number: int
    code_id: str
    text: str = field(repr=False)
    """Shown once."""


def make(
    database: Database,
    settings: StudySettings,
    made_by: str = "",
    progress: Callable[[str, int, int], None] | None = None,
    *,
    device: str = "cpu",
) -> StudyInfo:
    """Draws the cases, reads each of their images once, and keeps the study.

    Args:
        progress: called with "images" or, where an arm shows maps, "maps", and of how many cases
            they are read or drawn, and all.
        device: of the maps, as torch names it.

    Raises:
        InputError: there is a study of this name, the dataset cannot be used, a class has too few
            cases, or the run does not know the images and classes.
    """
    check_free(database, settings.name)
    told = progress or (lambda _phase, _done, _total: None)
    dataset = load_dataset(settings.dataset, confine=paths.is_confined())
    classes = offered(
        dataset.samples, settings, taxonomy.ordered(dataset.samples["label"].dropna())
    )
    named = settings.sample_ids
    if settings.slice:
        named = open_slice(settings.dataset, settings.slice).sample_ids
    cases = draw(dataset.samples, settings, classes, named, partial(told, "images"))
    network, faulty, shown = None, {}, []
    if settings.run:
        run = open_run(paths.named_run(settings.run))
        network = advice.scores_of(run, cases, classes)
        faulty = advice.faulty(network, cases, classes, settings)
        if any(arm.maps for arm in settings.of_arms):
            from dermxai.readers import maps  # with torch

            shown = maps.make(
                run,
                network,
                cases,
                faulty,
                settings=settings,
                progress=partial(told, "maps"),
                device=device,
            )
    study = Study(
        name=settings.name,
        settings=json.dumps(settings.model_dump(mode="json"), ensure_ascii=False),
        classes=json.dumps(classes, ensure_ascii=False),
        made_at=time.time(),
        made_by=made_by[:200],
        network=network.name if network else "",
    )
    try:
        with database.writing() as session:
            session.add(study)
            session.flush()
            ids = {}
            for case in cases:
                scores = network.scores[case.name] if network else None
                ids[case.name] = _add_case(session, study.id, case, scores, faulty.get(case.name))
            session.add_all(
                CaseMap(
                    case_id=ids[each.case],
                    target=each.target,
                    method=each.method,
                    content=each.content,
                )
                for each in shown
            )
    except IntegrityError as error:
        raise _taken(settings.name) from error
    return find(database, settings.name)


def find(database: Database, name: str) -> StudyInfo:
    """
    Raises:
        InputError: there is no such study.
    """
    found = [each for each in all_of(database) if each.name == name]
    if not found:
        there = ", ".join(each.name for each in all_of(database)[:20]) or "none"
        raise InputError(f"There is no study {name!r}; there are: {there}.")
    return found[0]


def all_of(database: Database) -> list[StudyInfo]:
    """The newest first."""
    with database.reading() as session:
        cases = _counted(session, select(Case.study_id, func.count()).group_by(Case.study_id))
        valid = Reader.withdrawn_at.is_(None)
        readers = _counted(
            session, select(Reader.study_id, func.count()).where(valid).group_by(Reader.study_id)
        )
        of_turns = (
            select(
                Reader.study_id, func.count(), func.count(Turn.closed_at), func.count(Turn.fault)
            )
            .join(Turn, Turn.reader_id == Reader.id)
            .where(valid)
            .group_by(Reader.study_id)
        )
        turns = {row[0]: row[1:] for row in session.execute(of_turns)}
        return [
            StudyInfo(
                each.id,
                each.name,
                settings_of(each),
                tuple(json.loads(each.classes)),
                each.made_at,
                each.made_by,
                each.network,
                each.closed_at,
                cases.get(each.id, 0),
                readers.get(each.id, 0),
                *turns.get(each.id, (0, 0, 0)),
            )
            for each in session.scalars(
                select(Study).order_by(Study.made_at.desc(), Study.id.desc())
            )
        ]


def images_of_all(database: Database) -> list[tuple[StudyInfo, frozenset[str]]]:
    """Each study with the paths of its images."""
    query = select(Case.study_id, CaseImage.path).join(Case, Case.id == CaseImage.case_id)
    paths_of: dict[int, set[str]] = {}
    with database.reading() as session:
        for study, path in session.execute(query):
            paths_of.setdefault(study, set()).add(path)
    return [(each, frozenset(paths_of.get(each.id, ()))) for each in all_of(database)]


def settings_of(study: Study) -> StudySettings:
    return checked(f"the study {study.name}", StudySettings, json.loads(study.settings))


def set_open(database: Database, name: str, is_open: bool) -> StudyInfo:
    """Opens a study again, or closes it: from then on no answer is taken.

    Raises:
        InputError: there is no such study.
    """
    study = find(database, name)
    with database.writing() as session:
        closed_at = None if is_open else (study.closed_at or time.time())
        session.execute(update(Study).where(Study.id == study.id).values(closed_at=closed_at))
    return find(database, name)


def remove(database: Database, name: str) -> None:
    """A study with its readers and all their answers, for good.

    Raises:
        InputError: there is no such study.
    """
    study = find(database, name)
    with database.writing() as session:
        session.delete(session.get_one(Study, study.id))


def readers_of(database: Database, name: str) -> list[ReaderInfo]:
    """By their numbers.

    Raises:
        InputError: there is no such study.
    """
    study = find(database, name)
    with database.reading() as session:
        counts: dict[int, tuple[list[str], int, int]] = {}
        grouped = (
            select(Turn.reader_id, Turn.arm, func.count(), func.count(Turn.closed_at))
            .join(Reader, Reader.id == Turn.reader_id)
            .where(Reader.study_id == study.id)
            .group_by(Turn.reader_id, Turn.arm)
            .order_by(func.min(Turn.position))
        )
        for reader, arm, turns, answered in session.execute(grouped):
            before = counts.get(reader, ([], 0, 0))
            counts[reader] = ([*before[0], arm], before[1] + turns, before[2] + answered)
        rows = select(Reader).where(Reader.study_id == study.id).order_by(Reader.number)
        return [
            ReaderInfo(
                each.number,
                each.code_id,
                tuple(counts.get(each.id, ([], 0, 0))[0]),
                *counts.get(each.id, ([], 0, 0))[1:],
                withdrawn=each.withdrawn_at is not None,
            )
            for each in session.scalars(rows)
        ]


def make_codes(database: Database, name: str, count: int) -> list[NewCode]:
    """Codes for further readers, each with all its turns in a random order of its own.

    Raises:
        InputError: there is no such study, it is closed, or there would be too many.
    """
    study = find(database, name)
    if not study.is_open:
        raise InputError(f"The study {name!r} is closed; open it again before codes are made.")
    _check_count(study, count)
    drawn = [
        codes.draw() for _ in range(count)
    ]  # slow, as it is meant to be: not while others wait
    made = []
    with database.writing() as session:
        # one after the other, so that two who make codes at a time give no number twice
        session.execute(select(Study.id).where(Study.id == study.id).with_for_update())
        last = session.scalar(select(func.max(Reader.number)).where(Reader.study_id == study.id))
        cases = list(
            session.scalars(select(Case.id).where(Case.study_id == study.id).order_by(Case.id))
        )
        for number, code in enumerate(drawn, (last or 0) + 1):
            reader = Reader(
                study_id=study.id,
                number=number,
                code_id=code.id,
                salt=code.salt,
                hash=code.hash,
                made_at=time.time(),
            )
            session.add(reader)
            session.flush()
            session.execute(insert(Turn), turns(study.settings, cases, reader.id, number))
            made.append(NewCode(name, number, code.id, code.text))
    return made


def turns(
    settings: StudySettings, cases: Sequence[int], reader: int, number: int
) -> list[dict[str, object]]:
    """What a reader is to answer, in the reader's own random order of cases.

    Args:
        cases: their ids.
        reader: its id.
        number: from 1; decides of which arm a reader is, or which arm comes first.
    """
    rows: list[dict[str, object]] = []
    for arm in arms_of(settings, number):
        order = list(cases)
        SystemRandom().shuffle(order)
        rows += [
            {
                "reader_id": reader,
                "case_id": case,
                "arm": arm.value,
                "stage": stage.value,
                "token": secrets.token_hex(16),
            }
            for case in order
            for stage in arm.stages
        ]
    return [{**row, "position": position} for position, row in enumerate(rows)]


def arms_of(settings: StudySettings, number: int) -> tuple[ArmKind, ...]:
    """The arms of a reader: one in turn, or all, each the first for as many readers."""
    arms = settings.of_arms
    first = (number - 1) % len(arms)
    return (arms[first],) if settings.design is Design.SPLIT else arms[first:] + arms[:first]


def withdraw(database: Database, code_id: str) -> None:
    """Ends a reader's code; what was answered stays.

    Raises:
        InputError: there is no such code.
    """
    with database.writing() as session:
        reader = session.scalar(select(Reader).where(Reader.code_id == code_id))
        if reader is None:
            raise InputError(f"There is no reader's code {code_id!r}; `readers show` names them.")
        reader.withdrawn_at = reader.withdrawn_at or time.time()


def read_definition(path: Path) -> StudySettings:
    """The settings in a TOML file; a dataset's relative path is from the file's folder.

    Raises:
        InputError: it cannot be read, or is none.
    """
    from dermxai.core.settings_file import read_settings

    if not path.exists():
        raise InputError(f"{path} is not there; name a TOML file that defines a study.")
    settings = read_settings(StudySettings, path, "docs/reader-studies.md")
    beside = path.parent / settings.dataset
    if beside.exists() and not Path(settings.dataset).exists():
        return settings.replaced(dataset=str(beside))
    return settings


def _add_case(
    session: Session,
    study: int,
    case: DrawnCase,
    scores: dict[str, float] | None,
    faulty: str | None,
) -> int:
    row = Case(
        study_id=study,
        name=case.name,
        label=case.label,
        unit=case.unit,
        scores=json.dumps(scores, ensure_ascii=False) if scores else None,
        faulty=faulty,
    )
    session.add(row)
    session.flush()
    session.add_all(
        CaseImage(
            case_id=row.id, position=position, path=image.path, view=image.view, digest=image.digest
        )
        for position, image in enumerate(case.images)
    )
    return row.id


def check_free(database: Database, name: str) -> None:
    """
    Raises:
        InputError: there is a study of this name.
    """
    if any(each.name == name for each in all_of(database)):
        raise _taken(name)


def _taken(name: str) -> InputError:
    return InputError(f"There is a study {name!r} already; choose another name.")


def _check_count(study: StudyInfo, count: int) -> None:
    if not 1 <= count <= MOST_READERS - study.readers:
        raise InputError(
            f"{count} codes were asked for; a study has 1 to {MOST_READERS:,} readers, and this "
            f"one has {study.readers:,}."
        )
    a_reader = study.cases * max(
        sum(len(arm.stages) for arm in arms_of(study.settings, number + 1))
        for number in range(len(study.settings.arms))
    )
    if study.turns + count * a_reader > MOST_TURNS:
        raise InputError(
            f"{count} more readers of {a_reader:,} answers each are more than the "
            f"{MOST_TURNS:,} that a study may have; ask for fewer readers or cases."
        )


def _counted(session: Session, rows: Select[int, int]) -> dict[int, int]:
    return dict(session.execute(rows).all())
