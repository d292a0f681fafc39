"""What an evaluation of a run's maps was to find out, and what it found: kept with the run."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NotRequired, TypedDict

import numpy as np
import pandas as pd
from pyarrow import ArrowException

from dermxai.core import disk, entries, parquet, paths
from dermxai.core.entries import Unusable, UnusableError
from dermxai.data import Problem
from dermxai.explain.faithfulness.files import FaithfulnessFiles
from dermxai.explain.faithfulness.measure import control_maps, find_candidate, find_measure
from dermxai.runs.manifest import ProblemEntry

if TYPE_CHECKING:
    from dermxai.runs.run import Run

RUNNER_UP = "runner-up"
"""In place of a class to explain against: the one that came second."""
_COLUMNS = (
    *("sample_id", "label", "read_as", "target", "against", "method", "cells", "measure", "value"),
    *("reason", "curves"),
)
OUTDATED = "An older version computed it; compute the evaluation again."


class RequestEntry(TypedDict):
    """`EvaluationRequest` as JSON holds it."""

    images: int
    methods: list[str]
    measures: list[str]
    target: NotRequired[str | None]
    against: NotRequired[str | None]
    head: NotRequired[str | None]
    split: NotRequired[str | None]
    selection: NotRequired[str | None]
    seed: NotRequired[int]
    settings: NotRequired[dict[str, dict[str, object]]]


class ResultsEntry(TypedDict):
    """`Results` as JSON holds them, all but the table.

    Attributes:
        versions: by method and measure.
    """

    asked: RequestEntry
    skipped: dict[str, str]
    problems: list[ProblemEntry]
    finished: str
    versions: NotRequired[dict[str, int]]


@dataclass(frozen=True)
class EvaluationRequest:
    """What an evaluation is to find out.

    Attributes:
        images: how many, the classes alike as far as they go.
        methods, measures: names; all that are available if empty.
        target: class code; the class that each image was predicted as if None.
        against: class code or `RUNNER_UP`; None for the target's logit.
        head: whose logit; the sum of all if None.
        split: only images of this split.
        selection: only images of the selection of this key.
        seed: of the choice of images and of all draws.
        settings: by method or measure, those that are not the defaults.
    """

    images: int = 40
    methods: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    target: str | None = None
    against: str | None = None
    head: str | None = None
    split: str | None = None
    seed: int = 0
    settings: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    selection: str | None = None

    @classmethod
    def read(cls, content: RequestEntry) -> "EvaluationRequest":
        """From what JSON held.

        Raises:
            ValueError: there is more than this version knows.
        """
        if unknown := content.keys() - {each.name for each in fields(cls)}:
            raise ValueError(f"The request has {', '.join(sorted(unknown))}.")
        return cls(
            images=content["images"],
            methods=tuple(content["methods"]),
            measures=tuple(content["measures"]),
            target=content.get("target"),
            against=content.get("against"),
            head=content.get("head"),
            split=content.get("split"),
            seed=content.get("seed", 0),
            settings=content.get("settings", {}),
            selection=content.get("selection"),
        )

    @property
    def arguments(self) -> dict[str, object]:
        """What is not left to the defaults, as JSON holds it: arguments of the job."""
        return {
            each.name: list(value) if isinstance(value, tuple) else value
            for each in fields(self)
            if (value := getattr(self, each.name)) not in (None, (), {})
        }

    @property
    def name(self) -> str:
        """Tells evaluations of a run apart; those that were kept before there were selections bear
        the names that they had."""
        told = asdict(self)
        if self.selection is None:
            del told["selection"]
        return digest(told)[:12]


@dataclass(frozen=True, eq=False)
class Results:
    """A finished evaluation.

    Attributes:
        asked: what was asked, methods and measures filled in.
        skipped: methods and measures that could not be evaluated, each with its reason.
        problems: images that were left out.
        table: a row an image, method and measure: ``sample_id``, ``label``, ``read_as``,
            ``target``, ``against``, ``method``, ``cells`` (how fine the map is), ``measure``,
            ``value`` (NaN where undefined), ``reason`` (why it is), ``curves`` (JSON); texts are
            empty where there is nothing to say. The control maps are methods like others; there is
            a random map for each fineness.
        finished: ISO time.
        outdated: methods and measures whose kept values an older version computed: the table holds
            NaN in their place, and `OUTDATED` as the reason.
    """

    asked: EvaluationRequest
    skipped: Mapping[str, str]
    problems: tuple[Problem, ...]
    table: pd.DataFrame
    finished: str
    outdated: tuple[str, ...] = ()


def digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def open_results(run: "Run", name: str | None = None) -> Results | None:
    """A finished evaluation of a run, the newest if no name is given; None where there is none."""
    files = FaithfulnessFiles.of(run.root)
    for each in [name] if name else list_results(run):
        try:
            about = _read_entry(files.asked(each))
            parquet.check(files.table(each))
            table = pd.read_parquet(paths.readable(files.table(each)))
            _check_columns(table)
            asked = EvaluationRequest.read(about["asked"])
            problems = tuple(Problem(**problem) for problem in about["problems"])
            outdated = _outdated(asked, about.get("versions", {}))
        except (OSError, ValueError, KeyError, TypeError, ArrowException):
            continue
        table = _without_outdated(table, outdated)
        return Results(asked, about["skipped"], problems, table, about["finished"], outdated)
    return None


def list_results(run: "Run") -> list[str]:
    """Names of a run's finished evaluations, newest first."""
    return find_results(run)[0]


def find_results(run: "Run") -> tuple[list[str], list[Unusable]]:
    """Names of a run's finished evaluations, newest first; and entries that hold none."""
    files = FaithfulnessFiles.of(run.root)
    found: list[tuple[int, str]] = []
    here, odd = entries.listed(files.root)
    for path in here:
        if path.suffix != ".json":
            continue
        try:
            _read_entry(path)
            entries.check_file(files.table(path.stem))
            found.append((path.stat().st_mtime_ns, path.stem))
        except (UnusableError, OSError) as error:
            odd.append(Unusable(path, str(error), "Remove it and start the evaluation again."))
    return [name for _, name in sorted(found, reverse=True)], odd


def _read_entry(path: Path) -> ResultsEntry:
    """What an evaluation was to find out, as JSON holds it.

    Raises:
        UnusableError: it is missing, or holds something else.
    """
    return entries.read_json(path, ResultsEntry)


def _check_columns(table: pd.DataFrame) -> None:
    """
    Raises:
        ValueError: a column is missing.
    """
    if missing := [name for name in _COLUMNS if name not in table]:
        raise ValueError(f"The table of scores has no {missing[0]}.")


def write_results(
    run: "Run",
    asked: EvaluationRequest,
    skipped: Mapping[str, str],
    problems: list[Problem],
    table: pd.DataFrame,
) -> Results:
    """Keeps an evaluation with its run; for the holder of its lock."""
    files = FaithfulnessFiles.of(run.root)
    finished = datetime.now(UTC).isoformat(timespec="seconds")
    about = {
        "asked": asdict(asked),
        "skipped": dict(skipped),
        "problems": [asdict(problem) for problem in problems],
        "finished": finished,
        "versions": _versions(asked),
    }
    with disk.replacing(files.table(asked.name)) as temporary:
        table.to_parquet(temporary, index=False)
    with disk.replacing(files.asked(asked.name)) as temporary:
        temporary.write_text(json.dumps(about, indent=1), encoding="utf-8")
    return Results(asked, dict(skipped), tuple(problems), table, finished)


def _versions(asked: EvaluationRequest) -> dict[str, int]:
    """The ``VERSION`` of an evaluation's methods, of the control maps and of its measures, by
    name."""
    versions = {name: find_candidate(name).version for name in (*asked.methods, *control_maps())}
    return versions | {name: find_measure(name).version for name in asked.measures}


def _outdated(asked: EvaluationRequest, kept: Mapping[str, int]) -> tuple[str, ...]:
    """Names whose version is another than the kept one, 1 where none was kept."""
    return tuple(name for name, now in _versions(asked).items() if kept.get(name, 1) != now)


def _without_outdated(table: pd.DataFrame, outdated: tuple[str, ...]) -> pd.DataFrame:
    old = table["method"].isin(outdated) | table["measure"].isin(outdated)
    undefined = pd.DataFrame({"value": np.nan, "reason": OUTDATED, "curves": ""}, table.index[old])
    table = table.copy()
    table.loc[old, undefined.columns] = undefined
    return table
