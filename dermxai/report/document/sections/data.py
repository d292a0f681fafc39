"""Whose images these are: counts, characteristics, what is missing, what could not be read."""

from collections.abc import Hashable, Iterator, Mapping

import pandas as pd

from dermxai import taxonomy
from dermxai.core.formatting import count, fixed, percent
from dermxai.data import overview
from dermxai.report.document.content import Block, Section, Table, Text
from dermxai.report.document.material import Material

_ABOUT = {
    "age": "Age",
    "sex": "Sex",
    "site": "Body site",
    "skin_type": "Skin type",
    "modality": "Modality",
    "lesion_id": "Lesion",
    "patient_id": "Patient",
    "label": "Label",
}
_SPREAD = ("sex", "site", "skin_type", "modality")
_MOST_VALUES = 12


def data(material: Material) -> Section:
    """Of all images of the run, split by split."""
    run = material.run
    of_splits = dict(parts(material))
    blocks: list[Block] = [Text(_source(material))]
    people = pd.DataFrame({name: _people(rows) for name, rows in of_splits.items()})
    blocks.append(_table(material, "characteristics", "Images and patients", people, _NOTE))
    blocks.append(_classes(material, of_splits))
    answers = {"sizes", "classes"}
    spread = [column for column in _SPREAD if _stated(run.samples, column)]
    for column in spread:
        made = pd.DataFrame({name: _values(rows, column) for name, rows in of_splits.items()})
        blocks.append(_table(material, column, _ABOUT[column], made.fillna("0"), ""))
    if spread or _stated(run.samples, "age"):
        answers.add("characteristics")
    if "skin_type" in spread:
        answers.add("skin type")
    if "modality" in spread:
        answers.add("modality")
    missing = pd.DataFrame({name: _missing(rows) for name, rows in of_splits.items()})
    blocks.append(_table(material, "missing", "Images of which it is not known", missing, ""))
    answers.add("missing")
    blocks.append(Text(_unread(material)))
    return Section("data", "Data", tuple(blocks), frozenset(answers | {"excluded"}))


_NOTE = (
    "Age and sex are of patients; an image whose patient is not known counts as a patient of its "
    "own there. SD: standard deviation."
)


def _source(material: Material) -> str:
    dataset, run = material.run.manifest["dataset"], material.run
    told = f"Dataset {dataset['name']}, fingerprint {dataset.get('fingerprint', 'not known')}: "
    told += f"{count(len(run), 'image')}."
    if material.drawn:
        told += " They are drawn from published signs, not photographed: no patient is in them."
    return told


def parts(material: Material) -> Iterator[tuple[str, pd.DataFrame]]:
    """Each split's rows of the sample table, and all."""
    samples, split = material.run.samples, material.run.split
    if split is not None:
        there = list(split.dropna().unique())
        usual = [name for name in ("train", "validation", "test") if name in there]
        for name in [*usual, *sorted(set(there) - set(usual))]:
            yield str(name).capitalize(), samples[(split == name).to_numpy()]
        if len(there) == 1 and (split == there[0]).all():
            return
    yield "All", samples


def _people(rows: pd.DataFrame) -> pd.Series:
    of = overview.whole(rows) if len(rows) else pd.Series(dtype=float)
    lesions = rows["lesion_id"].nunique() if _stated(rows, "lesion_id") else None
    age = ""
    if pd.notna(of.get("age_mean")):
        age = f"{fixed(of['age_mean'], 1)} ({fixed(of['age_sd'], 1)})"
    ends = ""
    if pd.notna(of.get("age_low")):
        ends = f"{of['age_low']:.0f} to {of['age_high']:.0f}"
    women = ""
    if pd.notna(of.get("female")):
        women = f"{of['female']:.0f} ({percent(of['female_share'])})"
    return pd.Series(
        {
            "Images": f"{len(rows):,}",
            "Patients": f"{of['patients']:,.0f}" if pd.notna(of.get("patients")) else "not known",
            "Lesions": f"{lesions:,}" if lesions is not None else "not known",
            "Age in years, mean (SD)": age or "not known",
            "Age in years, range": ends or "not known",
            "Women": women or "not known",
        }
    )


def _classes(material: Material, of_splits: dict[str, pd.DataFrame]) -> Table:
    """Images and patients of each class, split by split."""
    codes = taxonomy.ordered(material.run.samples["label"].dropna().astype(str).unique())
    shown = pd.DataFrame({"Class": [taxonomy.titled(code) for code in codes]})
    numbers = []
    for name, rows in of_splits.items():
        told = overview.by_class(rows) if len(rows) else pd.DataFrame()
        shown[name] = [_of_class(told.to_dict("index").get(code)) for code in codes]
        numbers.append(told.rename_axis("class").reset_index().assign(part=name))
    named = {"age_low": "age_youngest", "age_high": "age_oldest"}
    full = material.with_origin(pd.concat(numbers, ignore_index=True).rename(columns=named))
    return Table(
        "classes",
        "Images / patients of each class, and their share of the images",
        shown,
        full,
    )


def _of_class(row: Mapping[Hashable, float] | None) -> str:
    if row is None:
        return "0"
    patients = f" / {row['patients']:,.0f}" if pd.notna(row["patients"]) else ""
    return f"{row['images']:,.0f}{patients} ({percent(row['images_share'])})"


def _values(rows: pd.DataFrame, column: str) -> pd.Series:
    values = rows[column].astype("str").fillna("not known") if column in rows else pd.Series()
    counts = values.value_counts()
    kept = counts.head(_MOST_VALUES).sort_index()
    if len(counts) > _MOST_VALUES:
        others = len(counts) - _MOST_VALUES
        kept = pd.concat([kept, pd.Series({f"{others:,} other values": counts.sum() - kept.sum()})])
    whole = max(int(counts.sum()), 1)
    return pd.Series({str(name): f"{n:,} ({percent(n / whole)})" for name, n in kept.items()})


def _missing(rows: pd.DataFrame) -> pd.Series:
    lacking = {
        title: int(rows[column].isna().sum()) if column in rows else len(rows)
        for column, title in _ABOUT.items()
    }
    whole = max(len(rows), 1)
    return pd.Series({title: f"{n:,} ({percent(n / whole)})" for title, n in lacking.items()})


def _unread(material: Material) -> str:
    """What is not in the run, by reason; no name of a file, which may name a patient."""
    problems = material.run.problems
    if not problems:
        return "Every image of the dataset could be read."
    return f"Of the dataset's files and rows {len(problems):,} could not be used: left out."


def _stated(rows: pd.DataFrame, column: str) -> bool:
    return column in rows and bool(rows[column].notna().any())


def _table(material: Material, name: str, title: str, made: pd.DataFrame, note: str) -> Table:
    shown = made.rename_axis(" ").reset_index()
    return Table(name, title, shown, material.with_origin(shown), note)
