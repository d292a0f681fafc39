"""``python -m dermxai faithfulness``: attribution methods against measures of faithfulness."""

from dataclasses import asdict
from typing import Annotated

import typer

from dermxai.cli import console
from dermxai.cli.foreground import foreground
from dermxai.cli.options import Configurable, Device, Json, RunFolder, Slice, Split, names
from dermxai.core import parsing, paths
from dermxai.core.errors import InputError


def faithfulness(
    *,
    run: RunFolder,
    images: Annotated[int, typer.Option(help="How many, classes alike.", min=1)] = 40,
    methods: Annotated[str | None, typer.Option(help="grad_cam,vote_map,…; else all.")] = None,
    measures: Annotated[str | None, typer.Option(help="deletion_blur,road,…; else all.")] = None,
    target: Annotated[str | None, typer.Option(help="Class code; else what is predicted.")] = None,
    against: Annotated[
        str | None, typer.Option(help="Explain target minus this class; or 'runner-up'.")
    ] = None,
    head: Annotated[str | None, typer.Option(help="One head's logit; else their sum.")] = None,
    split: Split = None,
    slice_: Slice = None,
    seed: Annotated[int, typer.Option(help="Of the choice of images and all draws.")] = 0,
    setting: Annotated[
        list[str] | None, typer.Option("--set", help="A setting, as deletion_blur.steps=4.")
    ] = None,
    device: Device = None,
    json: Json = False,
) -> None:
    """Evaluate attribution maps of a run: faithfulness, localisation, sanity, against control
    maps. Interrupted, it resumes."""
    from dermxai.explain.faithfulness.results import open_results
    from dermxai.metrics.basis import basis
    from dermxai.report.faithfulness import outdated, summary, too_few, units, with_words
    from dermxai.report.origin import origin
    from dermxai.runs import open_run

    value = foreground(
        "faithfulness",
        run=str(paths.named_run(run)),
        images=images,
        methods=names(methods),
        measures=names(measures),
        target=target,
        against=against,
        head=head,
        split=split,
        selection=None if slice_ is None else _selected(run, slice_),
        seed=seed,
        settings=nested(setting or []),
        device=device,
    )
    opened = open_run(str(value["run"]))
    found = open_results(opened, str(value["evaluation"]))
    if found is None:
        raise InputError(f"The evaluation in {value['run']} was removed while it was being read.")
    table = summary(opened, found)
    notes = (*outdated(found), *too_few(opened, found, table))
    if json:
        console.show_json(
            {
                "run": value["run"],
                "evaluation": value["evaluation"],
                "origin": origin(opened, found.asked.split),
                "asked": asdict(found.asked),
                "skipped": dict(found.skipped),
                "outdated": list(found.outdated),
                "problems": [asdict(problem) for problem in found.problems],
                "intervals": basis(units(opened)),
                "notes": list(notes),
                "summary": with_words(table).to_dict("records"),
            }
        )
    else:
        console.show_faithfulness(table, found, units(opened), notes)


def _selected(run: str, name: str) -> str:
    """A slice of the run's dataset as a selection."""
    from dermxai.runs import open_run
    from dermxai.slices import selected
    from dermxai.slices.of_run import dataset_path

    return selected(dataset_path(open_run(paths.named_run(run))), name)


def nested(pairs: list[str]) -> dict[str, dict[str, object]]:
    """Settings by the method or measure they belong to, from texts such as deletion_blur.steps=4.

    Raises:
        InputError: there is none of that name, or it has no such setting.
    """
    from dermxai.explain.attribution.api import methods
    from dermxai.explain.faithfulness.measure import measures

    known: dict[str, Configurable] = {**methods(), **measures()}
    given: dict[str, list[str]] = {}
    for pair in pairs:
        name, _, setting = pair.partition(".")
        if name not in known:
            raise InputError(
                f"{pair!r} came where a setting such as deletion_blur.steps=4 was expected, of one "
                f"of {', '.join(known)}."
            )
        given.setdefault(name, []).append(setting)
    return {name: parsing.typed(known[name].settings, each) for name, each in given.items()}
