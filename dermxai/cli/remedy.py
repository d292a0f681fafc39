"""``python -m dermxai remedy``: what would mend a run's errors."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dermxai.cli import console
from dermxai.cli.foreground import foreground
from dermxai.cli.options import Json, RunFolder
from dermxai.core import entries, paths
from dermxai.core.entries import UnusableError
from dermxai.core.errors import InputError

if TYPE_CHECKING:
    from dermxai.remedies.stack import FittedStack, Stack


def remedy(
    run: RunFolder,
    *,
    stack: Annotated[
        str,
        typer.Option(
            help="Remedies in order: names with commas, JSON such as "
            '[{"remedy": "logit_offset", "settings": {"by": "prior"}}], or a file that holds it.'
        ),
    ],
    split: Annotated[
        str, typer.Option(help="Measure on validation or test; looks at the test are counted.")
    ] = "validation",
    keep: Annotated[
        str | None, typer.Option(help="Write a checkpoint of this name with the changed heads.")
    ] = None,
    json: Json = False,
) -> None:
    """Fit remedies on training and validation patients and set the outcome beside the unchanged
    network: every measure with its paired 95 % interval, and the images that change."""
    from dermxai.remedies.methods.average_flips import AVERAGE_FLIPS
    from dermxai.remedies.outcome import outcome
    from dermxai.remedies.stack import fit_stack
    from dermxai.report.remedies import as_json
    from dermxai.runs import open_run
    from dermxai.runs.flips import open_flips

    asked, folder = _stack(stack), paths.named_run(run)
    opened = open_run(folder)
    flipped = any(step.remedy == AVERAGE_FLIPS.name for step in asked.steps)
    if flipped and not opened.imported and open_flips(opened) is None:
        foreground("flips", run=str(folder))
    with console.bars() as bars:
        fitted = fit_stack(opened, asked, lambda done, steps: bars("fitting", done, steps))
    if keep is not None:
        from dermxai.remedies.keep import check_can_be_kept  # torch takes seconds to import

        check_can_be_kept(fitted, keep)  # before the test is looked at
    found = outcome(fitted, split)
    kept = "" if keep is None else _kept(fitted, keep)
    if json:
        console.show_json({**as_json(found), "checkpoint": kept or None})
        return
    console.show_outcome(found)
    if kept:
        print(f"\nKept: {kept}")


def _kept(fitted: "FittedStack", name: str) -> str:
    from dermxai.remedies.keep import keep

    return str(keep(fitted, name))


def _stack(text: str) -> "Stack":
    """
    Raises:
        InputError: it is none, or its file cannot be read.
    """
    from dermxai.remedies.stack import MOST_CHARACTERS, Stack

    if text.lstrip().startswith("[") or not text.endswith(".json"):
        return Stack.parsed(text)
    try:
        return Stack.parsed(entries.read_text(Path(text), MOST_CHARACTERS * 4))
    except UnusableError as error:
        raise InputError(
            f"{entries.shown(text)} {error}; expected a file with the JSON of a stack."
        ) from error
