"""``python -m dermxai labels``: what each label of a dataset was mapped to, and why."""

from typing import Annotated

import typer

from dermxai.cli import console
from dermxai.cli.options import Column, Data, Json, LabelMap, LevelRole, dataset_options

_MOST_PROBLEMS = 20  # that are printed


def labels(
    *,
    dataset: Data,
    column: Column = None,
    label_map: LabelMap = None,
    level: LevelRole = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Read the dataset so from now on, in the dashboard, too.")
    ] = False,
    forget: Annotated[
        bool, typer.Option("--forget", help="Read it as it is recognised from now on.")
    ] = False,
    json: Json = False,
) -> None:
    """Show which class each label of a dataset was mapped to and why, how columns and folders were
    understood, and what could not be used."""
    from dermxai.core.errors import InputError
    from dermxai.core.formatting import count
    from dermxai.data import kept_options, load_dataset
    from dermxai.data.labels import label_table, read_label_map

    options = dataset_options(column, label_map, level)
    if keep and forget:
        raise InputError("Give --keep or --forget, not both.")
    if forget:
        kept_options.forget(dataset.absolute())
    opened = load_dataset(dataset, **options)
    if keep:
        told: dict[str, dict[str, str]] = kept_options.kept(opened.source)
        told |= {name: options[name] for name in ("columns", "levels") if name in options}
        told |= {"label_map": read_label_map(label_map)} if label_map else {}
        kept_options.keep(opened.source, told)
    found = label_table(opened.samples, opened.options.get("label_map"))
    levels = opened.reading.levels
    if json:
        console.show_json(
            {
                "dataset": str(opened.source),
                "images": len(opened),
                "labels": [
                    {
                        "written": each.written,
                        "images": images,
                        "class": each.code,
                        "why": each.why,
                        "source": each.source,
                    }
                    for each, images in found
                ],
                "columns": dict(opened.reading.columns),
                "levels": [
                    {
                        "level": each.level,
                        "role": each.role,
                        "folders": each.folders,
                        "examples": list(each.examples),
                        "guessed": each.guessed,
                    }
                    for each in levels
                ],
                "notes": list(opened.reading.notes),
                "problems": [[each.item, each.reason] for each in opened.problems],
                "options": dict(opened.options),
            }
        )
        return
    rows = [
        (each.written, images, each.code or "–", each.why, each.source) for each, images in found
    ]
    if rows:
        console.show_table(("label", "images", "class", "why", "source"), rows)
    without = int(opened.samples["label"].isna().sum())
    console.say(f"{count(len(opened), 'image')}, {without:,} of them without label.")
    for each in levels:
        names = ", ".join(each.examples) + (", …" if each.folders > len(each.examples) else "")
        guess = "; a guess" if each.guessed else ""
        console.say(f"Folders of level {each.level} ({names}): {each.role}{guess}.")
    for ours, theirs in opened.reading.columns.items():
        console.say(f"Column {theirs}: {ours}.")
    for note in opened.reading.notes:
        console.say(note)
    for problem in opened.problems[:_MOST_PROBLEMS]:
        console.say(f"{problem.item}: {problem.reason}.")
    if (rest := len(opened.problems) - _MOST_PROBLEMS) > 0:
        console.say(f"{count(rest, 'further problem')}; --json tells all.")
