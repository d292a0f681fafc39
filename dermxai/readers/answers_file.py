"""Answers as a table in the long form: one line for each reader, case and arm.

Columns that a file must have are `REQUIRED`; `OPTIONAL` says what else is understood. Others are
left alone, and named. docs/reader-studies.md describes all of them.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai import taxonomy
from dermxai.core import entries
from dermxai.core.entries import UnusableError
from dermxai.core.errors import InputError
from dermxai.core.formatting import count
from dermxai.core.spreadsheet import original, write_csv
from dermxai.data.delimited import parse_delimited
from dermxai.readers.answered import (
    MOST_ANSWERS,
    Answer,
    Arm,
    Case,
    Device,
    Help,
    Reader,
    Study,
)

REQUIRED = ("reader", "case", "truth", "answer")
OPTIONAL: Mapping[str, str] = {
    "arm": "name of the arm; one arm where there is no such column",
    "help": "none, start or after: what readers of the arm are shown",
    "faulty": "yes where the arm's help is wrong on purpose",
    "maps": "yes where attribution maps are shown",
    "first": "class before help was shown, in arms with help after a first answer",
    "shown": "class that the help named",
    "confidence": "from 0 to 1",
    "rating": "a number, higher where the positive class is more likely; for two classes",
    "seconds": "to the answer",
    "patient": "who or what is independent; each case by itself where there is no such column",
    "group": "of the reader's experience",
    "years": "of the reader's experience",
}
Floats = NDArray[np.float64]

ARM = "readers"
"""The arm of a file that names none."""
MOST_BYTES = 100_000_000
NETWORK, WITH_AI = "network", "with AI"
"""The network's name and arm, and the stage with help, in what a study here writes."""
_LONGEST = 200  # characters of a name
_YES = frozenset({"yes", "true", "1", "y"})
_NO = frozenset({"", "no", "false", "0", "n"})


def read_answers(
    path: Path,
    *,
    classes: Iterable[str] | None = None,
    columns: Mapping[str, str] | None = None,
    device: str | None = None,
) -> Study:
    """A study of a CSV or TSV file.

    Args:
        path: of the file.
        classes: those that were offered; what is answered or true where none are named.
        columns: our name of a column: the file's, for those that are named otherwise.
        device: the reader that is no person but a program: it is compared with all others.

    Raises:
        InputError: a column is missing, or what a line says cannot be: the line is named.
    """
    try:
        content = entries.read_bytes(path, MOST_BYTES)
    except UnusableError as error:
        raise InputError(f"{path.name} {error}; expected a table of answers.") from error
    return parse_answers(path, content, classes=classes, columns=columns, device=device)


def parse_answers(
    path: Path,
    content: bytes,
    *,
    classes: Iterable[str] | None = None,
    columns: Mapping[str, str] | None = None,
    device: str | None = None,
) -> Study:
    """`read_answers` of what was sent rather than read; ``path`` gives its name alone."""
    table, problems = parse_delimited(path, content)
    if problems:
        raise InputError(f"{problems[0].item} {problems[0].reason}; mend the line.")
    if len(table) > MOST_ANSWERS:
        raise InputError(f"{path.name} has {len(table):,} lines; at most {MOST_ANSWERS:,}.")
    notes = []
    if columns is None and _ours(table):
        table, told = _from_here(table)
        notes += told
        if device is None and (table["reader"] == NETWORK).any():
            device = NETWORK
    rows, left = _columns(table, path.name, columns or {})
    if left:
        notes.append(f"Columns that were not used: {', '.join(map(str, left))}.")
    rows, doubled = _distinct(rows, path.name)
    if doubled:
        notes.append(f"{count(doubled, 'line')} said the same twice; each counts once.")
    numbers = {name: _numbers(rows[name], name, path.name) for name in _RANGES}
    odd = int((numbers["seconds"] < 0).sum())
    if odd:
        notes.append(
            f"{count(odd, 'answer')} took less than no time, as where a clock was set; the time is "
            "left out."
        )
        numbers["seconds"] = numbers["seconds"].where(numbers["seconds"] >= 0)
    offered = _offered(rows, classes)
    if classes is None:
        notes.append(f"Classes offered: {', '.join(offered)}, those that are true or answered.")
    persons = rows[rows["reader"] != device] if device is not None else rows
    if device is not None and len(persons) == len(rows):
        raise InputError(f"{path.name} has no reader {device!r}; name one of its readers.")
    cases = _cases(rows, path.name)
    answers = [
        Answer(
            reader=row["reader"],
            case=row["case"],
            arm=row["arm"],
            answer=row["answer"],
            first=row["first"],
            shown=row["shown"],
            **{name: float(numbers[name][at]) for name in ("confidence", "rating", "seconds")},
        )
        for at, row in zip(persons.index, persons.to_dict("records"), strict=True)
    ]
    return Study(
        name=path.stem,
        classes=tuple(offered),
        cases=cases,
        readers=_readers(persons, numbers["years"], path.name),
        arms=_arms(persons, path.name),
        answers=tuple(answers),
        notes=tuple(notes),
        device=_device(rows[rows["reader"] == device], numbers, offered) if device else None,
    )


_RANGES: Mapping[str, tuple[float, float]] = {
    "confidence": (0, 1),
    "rating": (-math.inf, math.inf),
    "seconds": (-math.inf, math.inf),
    "years": (0, 100),
}


def _ours(table: pd.DataFrame) -> bool:
    """Whether `dermxai.readers.stored_answers.answers` has written it."""
    return {"label", "choice", "stage", "reader", "case", "arm"} <= set(table.columns)


def _from_here(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The long form of what a study here has written: both stages of a case in one row, levels of
    confidence from 0 to 1."""
    given = table.map(lambda cell: original(cell) if isinstance(cell, str) else cell)
    made = pd.DataFrame(
        {
            "reader": given["reader"],
            "case": given["case"],
            "truth": given["label"],
            "answer": given["choice"],
            "arm": given["arm"],
            "patient": given.get("unit"),
            "shown": given.get("ai_class"),
            "seconds": given.get("seconds"),
        }
    )
    levels = pd.to_numeric(given.get("confidence", pd.Series(dtype="str")), errors="coerce")
    most = levels.max()
    if most > 1:
        made["confidence"] = ((levels - 1) / (most - 1)).map(lambda each: f"{each:.6g}", "ignore")
    people = made["arm"] != NETWORK
    helped = people & (given["stage"] == WITH_AI)
    key = ["reader", "case", "arm"]
    alone = made[people & ~helped].drop_duplicates(key).set_index(key)["answer"]
    both = pd.MultiIndex.from_frame(made.loc[helped, key])
    made.loc[helped, "first"] = alone.reindex(both).to_numpy()
    stays = helped | ~pd.MultiIndex.from_frame(made[key]).isin(both)
    arm = made["arm"].fillna("")
    made["faulty"] = np.where(arm.str.contains("faulty"), "yes", "no")
    made["maps"] = np.where(arm.str.endswith("-maps"), "yes", "no")
    notes = []
    if most > 1:
        notes.append(f"Confidence 1 to {most:g} is taken as 0 to 1.")
    return made[stays].reset_index(drop=True), notes


def _columns(
    table: pd.DataFrame, name: str, columns: Mapping[str, str]
) -> tuple[pd.DataFrame, list[str]]:
    """Our columns as text, empty where there is none; and what else there is."""
    if strange := [each for each in columns if each not in (*REQUIRED, *OPTIONAL)]:
        known = ", ".join((*REQUIRED, *OPTIONAL))
        raise InputError(f"No column is called {strange[0]!r} here; {known} are.")
    by_name = {str(each).strip().casefold(): each for each in table.columns}
    found = {}
    for ours in (*REQUIRED, *OPTIONAL):
        theirs = columns.get(ours, ours)
        column = by_name.get(str(theirs).strip().casefold())
        if column is None and (ours in REQUIRED or ours in columns):
            raise InputError(
                f"{name} has no column {theirs!r}, only {', '.join(map(str, table.columns[:20]))}; "
                f"name the one that holds the {ours} with --column {ours}=NAME."
            )
        found[ours] = column
    made = pd.DataFrame(index=table.index)
    for ours, column in found.items():
        made[ours] = "" if column is None else table[column].fillna("").map(_text)
    long = made.map(len).to_numpy() > _LONGEST
    if long.any():
        row, at = np.argwhere(long)[0]
        raise InputError(
            f"{name}, row {row + 1}: a {made.columns[at]} of more than {_LONGEST} characters came."
        )
    for ours in REQUIRED:
        lacking = np.flatnonzero(made[ours] == "")
        if lacking.size:
            raise InputError(f"{name}, row {lacking[0] + 1}: the {ours} is missing.")
    if (made["arm"] == "").any():
        if (made["arm"] != "").any():
            lacking = np.flatnonzero(made["arm"] == "")
            raise InputError(f"{name}, row {lacking[0] + 1}: the arm is missing.")
        made["arm"] = ARM
    for ours in ("truth", "answer", "first", "shown"):
        made[ours] = made[ours].map(taxonomy.canonical)
    used = set(found.values())
    return made, [str(each) for each in table.columns if each not in used]


def _text(cell: object) -> str:
    return str(original(cell)).strip()


def _distinct(rows: pd.DataFrame, name: str) -> tuple[pd.DataFrame, int]:
    """Without lines that say the same again.

    Raises:
        InputError: two lines of one reader, case and arm say different things.
    """
    whole = rows.duplicated()
    kept = rows[~whole]
    again = kept.duplicated(["reader", "case", "arm"], keep=False).to_numpy()
    if again.any():
        first = int(np.flatnonzero(again)[0])
        key = ["reader", "case", "arm"]
        same = (kept[key] == kept.iloc[first][key]).all(axis=1)
        lines = [int(each) + 1 for each in kept.index[same.to_numpy()][:2]]
        row = kept.iloc[first]
        raise InputError(
            f"{name}, rows {lines[0]} and {lines[1]}: reader {row['reader']!r} answers the case "
            f"{row['case']!r} twice; one answer each counts, remove the other row."
        )
    return kept, int(whole.sum())


def _numbers(column: pd.Series, what: str, name: str) -> pd.Series:
    """Of a column of texts; NaN where nothing stands."""
    low, high = _RANGES[what]
    made = pd.to_numeric(column.str.replace(",", ".", regex=False), errors="coerce")
    wrong = (column != "") & ~(np.isfinite(made) & (made >= low) & (made <= high))
    if wrong.any():
        line = column.index[np.flatnonzero(wrong.to_numpy())[0]]
        bounds = "" if math.isinf(low) else f" from {low:g} to {high:g}"
        raise InputError(
            f"{name}, row {int(line) + 1}: the {what} {column[line]!r} came, a number{bounds} was "
            "expected."
        )
    return made.astype(np.float64)


def _offered(rows: pd.DataFrame, classes: Iterable[str] | None) -> list[str]:
    if classes is None:
        return taxonomy.ordered([*rows["truth"], *rows["answer"]])
    offered = list(dict.fromkeys(taxonomy.canonical(code) for code in classes))
    if len(offered) < 2:
        raise InputError(
            f"{', '.join(offered) or 'No class'} came; a study offers two classes or more."
        )
    return offered


def _one_each(rows: pd.DataFrame, whose: str, what: str, name: str) -> dict[str, str]:
    """What each is said to be, on all of its lines alike.

    Raises:
        InputError: two lines differ.
    """
    distinct = rows[[whose, what]].drop_duplicates()
    twice = distinct[whose].duplicated(keep=False)
    if twice.any():
        first = distinct[twice].iloc[0]
        values = distinct.loc[distinct[whose] == first[whose], what].tolist()
        raise InputError(
            f"{name}: the {whose} {first[whose]!r} has the {what} {values[0]!r} on one line and "
            f"{values[1]!r} on another; give it one."
        )
    return dict(zip(distinct[whose], distinct[what], strict=True))


def _cases(rows: pd.DataFrame, name: str) -> tuple[Case, ...]:
    truth = _one_each(rows, "case", "truth", name)
    patient = _one_each(rows, "case", "patient", name)
    if any(patient.values()) and not all(patient.values()):
        lacking = next(case for case, whose in patient.items() if not whose)
        raise InputError(f"{name}: the case {lacking!r} names no patient, others do.")
    return tuple(Case(case, truth[case], patient[case] or case) for case in truth)


def _readers(rows: pd.DataFrame, years: pd.Series, name: str) -> tuple[Reader, ...]:
    group = _one_each(rows, "reader", "group", name)
    _one_each(rows, "reader", "years", name)
    known = dict(zip(rows["reader"], years[rows.index], strict=True))
    return tuple(Reader(reader, group[reader], float(known[reader])) for reader in group)


def _arms(rows: pd.DataFrame, name: str) -> tuple[Arm, ...]:
    help_, faulty, maps = (
        _one_each(rows, "arm", what, name) for what in ("help", "faulty", "maps")
    )
    made = []
    for arm, given in help_.items():
        if given not in ("", *Help):
            raise InputError(
                f"{name}: the help {given!r} of the arm {arm!r} came; {', '.join(Help)} were "
                "expected."
            )
        own = rows[rows["arm"] == arm]
        guessed = Help.NONE
        if (own["first"] != "").any():
            guessed = Help.AFTER
        elif (own["shown"] != "").any():
            guessed = Help.START
        made.append(
            Arm(
                arm,
                Help(given) if given else guessed,
                _is_yes(faulty[arm], "faulty", name),
                _is_yes(maps[arm], "maps", name),
            )
        )
    return tuple(made)


def _is_yes(text: str, what: str, name: str) -> bool:
    if text.casefold() not in _YES | _NO:
        raise InputError(f"{name}: {what} is {text!r}; yes or no was expected.")
    return text.casefold() in _YES


def _device(rows: pd.DataFrame, numbers: Mapping[str, pd.Series], classes: list[str]) -> Device:
    """The program among the readers: its answers as scores."""
    once = rows.drop_duplicates("case")
    if len(once) < len(rows):
        raise InputError(f"{rows.iloc[0]['reader']!r} answers in several arms; a program has one.")
    scores = np.zeros((len(once), len(classes)))
    for at, (line, row) in enumerate(zip(once.index, once.to_dict("records"), strict=True)):
        if row["answer"] not in classes:
            raise InputError(f"{row['reader']!r} answers {row['answer']!r}, which was not offered.")
        confidence = float(numbers["confidence"][line])
        scores[at] = answer_scores(
            np.array(classes.index(row["answer"])), np.array(confidence), len(classes)
        )
    return Device(str(once.iloc[0]["reader"]), tuple(once["case"]), scores)


def answer_scores(answers: NDArray[np.intp], confidence: Floats, classes: int) -> Floats:
    """(..., k) scores of each class, from one chosen class and how sure the reader was of it: from
    surely another class, −1, to surely this one, 1."""
    sure = np.where(np.isfinite(confidence), confidence, 1.0)[..., None]
    side = np.where(np.arange(classes) == answers[..., None], 1.0, -1.0)
    return np.asarray(side * (1 + sure) / 2)


def as_table(study: Study) -> pd.DataFrame:
    """All answers in the long form, with the columns that `read_answers` understands."""
    arms = {arm.name: arm for arm in study.arms}
    readers = {reader.reader_id: reader for reader in study.readers}
    cases = {case.case_id: case for case in study.cases}
    rows = []
    for each in study.answers:
        arm, reader, case = arms[each.arm], readers[each.reader], cases[each.case]
        rows.append(
            asdict(each)
            | {
                "truth": case.truth,
                "patient": "" if case.patient == case.case_id else case.patient,
                "group": reader.group,
                "years": reader.years,
                "help": str(arm.help),
                "faulty": "yes" if arm.faulty else "no",
                "maps": "yes" if arm.maps else "no",
            }
        )
    return pd.DataFrame(rows)[[*REQUIRED, *OPTIONAL]]


def write_answers(study: Study, path: Path) -> None:
    """Writes all answers in the long form; `read_answers` reads them again."""
    write_csv(as_table(study), path)
