"""``python -m dermxai evaluate``: what a run is worth against its labels."""

from typing import Annotated

import typer

from dermxai.cli import console
from dermxai.cli.options import Json, RunFolder
from dermxai.core import paths


def evaluate(
    run: RunFolder,
    split: Annotated[str | None, typer.Option(help="Only train, validation or test.")] = None,
    without_leaks: Annotated[
        bool, typer.Option("--without-leaks", help="Leave out what leaks from training.")
    ] = False,
    json: Json = False,
) -> None:
    """Measure a run against its labels, with 95 % intervals, and what images that were seen in
    training add to that."""
    from dermxai.report.evaluated import evaluated, leaks_json, premium
    from dermxai.report.origin import origin
    from dermxai.runs import open_run

    opened = open_run(paths.named_run(run))
    whole, problems = evaluated(opened, split), opened.manifest["problems"]
    added = premium(opened, split, whole)
    shown = evaluated(opened, split, leaks=False) if without_leaks else whole
    if json:
        told = {
            "origin": origin(opened, split),
            **shown.as_json(),
            "leakage": leaks_json(opened, split, added, whole.clusters),
            "problems": problems,
        }
        console.show_json(told)
    else:
        console.show_evaluation(shown)
        if added:
            console.show_premium(added)
        console.say_problems(problems)
