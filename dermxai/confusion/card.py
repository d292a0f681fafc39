"""The cause card of two classes of a run: computed once, and kept in the run's folder."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TypeAlias

import numpy as np

from dermxai.confusion.causes import find_causes
from dermxai.confusion.finding import VERSION, Cause, CauseCard, Finding, Skipped
from dermxai.confusion.pair_images import pair_images, pair_rows
from dermxai.confusion.simple import colour_statistics
from dermxai.core import disk, entries
from dermxai.core.entries import UnusableError
from dermxai.core.errors import InputError
from dermxai.core.formatting import jsonable
from dermxai.data import selection
from dermxai.data.selection import Selection
from dermxai.metrics import intervals
from dermxai.metrics.pair import check_pair
from dermxai.runs import Run, feature_spaces, open_run
from dermxai.runs.listing import find_runs
from dermxai.runs.manifest import read_manifest

Progress: TypeAlias = Callable[[str, int, int], None]

MOST_COLOURS = 4000
"""Images whose colours are counted; of more the card says nothing of colours."""
_MOST_RUNS = 2
_NUMBERS = ("effect", "low", "high", "p", "adjusted")
_TEXT = (str, type(None))
_SHAPE = {
    "first": str,
    "second": str,
    "split": _TEXT,
    "findings": [
        {
            "cause": str,
            "skipped": _TEXT,
            "support": [str],
            "to_relabel": [str],
            "names": [str],
            "facts": dict,
        }
    ],
    "images": [int],
    "patients": [int],
    "errors": [int],
    "unit": str,
    "cross_fitted": bool,
    "errors_of_all": [str],
}


@dataclass(frozen=True)
class CauseFiles:
    """What a run keeps of its cause cards."""

    run: Path

    @property
    def root(self) -> Path:
        return self.run / "causes"

    def card(self, name: str) -> Path:
        return self.root / f"{name}.json"


def make_card(
    run: Run,
    first: str,
    second: str,
    split: str | None = None,
    *,
    beside: Sequence[Run] | None = None,
    progress: Progress | None = None,
) -> CauseCard:
    """Tests the causes of two classes' confusions, and keeps the card with the run.

    Args:
        run: of a classifier over the images.
        first, second: two of its classes.
        split: of the images whose errors are asked about; None: all that a probe can leave out.
        beside: runs over the same images whose features and predictions are compared; None: the
            newest of the workspace.
        progress: called with what is at work, what is done and how much there is.

    Raises:
        InputError: a class is not the model's, both are the same, no image is of one of them, the
            run has no such split, or another run lacks images.
    """

    def report(phase: str) -> Callable[[int, int], None]:
        return lambda done, total: progress(phase, done, total) if progress else None

    rows = pair_rows(run, first, second)
    run.in_split(split)
    others = _same_images(run) if beside is None else beside
    colours = None
    if rows.size <= MOST_COLOURS:
        paths = [str(path) for path in run.samples["path"].iloc[rows]]
        colours = colour_statistics(paths, report("colours"))
        colours = None if np.isnan(colours).any() else colours
    images = pair_images(run, first, second, split, others=others, colours=colours)
    card = find_causes(images, split, report("causes"))
    for each in card.findings:
        if each.to_relabel:
            selection.keep(to_relabel(card, each))
    file = CauseFiles(run.root).card(_name(run, first, second, split))
    file.parent.mkdir(exist_ok=True)
    with disk.replacing(file) as path:
        path.write_text(json.dumps(jsonable(asdict(card)), ensure_ascii=False), encoding="utf-8")
    return card


def to_relabel(card: CauseCard, finding: Finding) -> Selection:
    """Images to learn from whose labels look in error, as a remedy names them."""
    title = f"{card.first} and {card.second}: labels in error to learn from"
    return Selection.of(title, finding.to_relabel)


def open_card(run: Run, first: str, second: str, split: str | None = None) -> CauseCard | None:
    """The kept card of two classes in this order; None where there is none of these formulas yet.

    Raises:
        InputError: a class is not the model's, or both are the same.
    """
    check_pair(run.classes, first, second)
    try:
        told = entries.read_json(
            CauseFiles(run.root).card(_name(run, first, second, split)), _SHAPE
        )
        findings = tuple(_finding(each) for each in told["findings"])
        known = set(map(str, run.samples["sample_id"]))
        named = {name for each in findings for name in (*each.support, *each.to_relabel)}
        named |= set(told["errors_of_all"])
    except (UnusableError, OSError, ValueError, TypeError, KeyError):
        return None
    if [each.cause for each in findings] != list(Cause) or not named <= known:
        return None
    if any(len(told[name]) != 2 for name in ("images", "patients", "errors")):
        return None
    return CauseCard(
        first,
        second,
        split,
        findings,
        _two(told["images"]),
        _two(told["patients"]),
        _two(told["errors"]),
        told["unit"],
        told["cross_fitted"],
        tuple(told["errors_of_all"]),
    )


def _finding(told: dict[str, object]) -> Finding:
    given = {name: told.get(name) for name in (each.name for each in fields(Finding))}
    numbers = {name: _number(given[name]) for name in _NUMBERS}
    facts = given["facts"]
    if not isinstance(facts, dict):
        raise TypeError
    return Finding(
        Cause(str(given["cause"])),
        None if given["skipped"] is None else Skipped(str(given["skipped"])),
        **numbers,
        support=tuple(_texts(given["support"])),
        to_relabel=tuple(_texts(given["to_relabel"])),
        names=tuple(_texts(given["names"])),
        facts={str(name): _number(value) for name, value in facts.items()},
    )


def _two(values: list[int]) -> tuple[int, int]:
    return values[0], values[1]


def _number(value: object) -> float:
    if value is None:
        return float("nan")
    if not isinstance(value, int | float):
        raise TypeError
    return float(value)


def _texts(values: object) -> list[str]:
    return [str(value) for value in values] if isinstance(values, list) else []


def _name(run: Run, first: str, second: str, split: str | None) -> str:
    """Of the card, from all that it depends on but the images, which a run never changes."""
    spaces = {name: feature_spaces.version(run, name) for name in feature_spaces.imported(run)}
    identity = [first, second, split, VERSION, intervals.VERSION, spaces]
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]


def _same_images(run: Run) -> list[Run]:
    """The newest other runs of the workspace over the same dataset."""
    found: list[Run] = []
    fingerprint = run.manifest["dataset"].get("fingerprint")
    for root in find_runs()[0]:
        if len(found) == _MOST_RUNS:
            break
        try:
            manifest = read_manifest(root)
            told = manifest["dataset"].get("fingerprint")
            if told is None or told != fingerprint or manifest["id"] == run.id:
                continue
            other = open_run(root)
        except (UnusableError, InputError, OSError):
            continue
        if set(run.samples["sample_id"]) <= set(other.samples["sample_id"]):
            found.append(other)
    return found
