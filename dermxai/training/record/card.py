"""The model card (README.md) of a checkpoint folder."""

from collections.abc import Mapping

from dermxai.models.info import ModelInfo
from dermxai.training.recipe import KEPT_BY


def model_card(info: ModelInfo) -> str:
    """Markdown: what the model is, what it saw, how it was trained, what it reached, its limits."""
    heads = ", ".join(f"{head.name} ({head.channels})" for head in info.heads)
    recipe = "\n".join(f"| {key} | {_cell(value)} |" for key, value in info.recipe.items())
    data = "\n".join(
        f"| {key} | {_cell(_in_words(value))} |"
        for key, value in info.data.items()
        if key != "notes"
    )
    notes = "".join(f"\n- {note}" for note in info.data.get("notes", ()))
    validation = "\n".join(
        f"| {key} | {value:.4g} |" for key, value in info.metrics.get("validation", {}).items()
    )
    kept_by = info.metrics.get("kept_by")
    which = f"the epoch that was kept, by {KEPT_BY[kept_by]}" if kept_by else "the last epoch"
    doubts = "".join(f"\n- **{_cell(doubt)}**" for doubt in info.metrics.get("doubts", ()))
    return f"""# {info.name}

{info.architecture} for {len(info.classes)} classes ({", ".join(info.classes)}).
Heads (inputs): {heads}. Their logits are summed, the largest sum decides.

**For research and teaching, not for diagnosis.**

## Training data

| | |
|---|---|
{data}
{notes}

## Recipe

By `python -m dermxai train`.

| | |
|---|---|
{recipe}

## Validation ({which})

| | |
|---|---|
{validation}
{doubts}

## Input

{info.preprocessing.size}×{info.preprocessing.size} pixels, RGB, colour constancy
{info.preprocessing.colour_constancy}, mean {info.preprocessing.mean}, standard deviation
{info.preprocessing.std}.
"""


def _cell(value: object) -> str:
    """On one line, without what would end a cell of a table."""
    return " ".join(str(value).split()).replace("|", "\\|")


def _in_words(value: object) -> object:
    """Counts of classes as a list."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {of}" for name, of in value.items())
    return value
