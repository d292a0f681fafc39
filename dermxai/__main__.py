"""The command line: ``python -m dermxai --help``. Parses arguments, calls the library, prints."""

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dermxai import console, disk, entries, paths
from dermxai.access import commands as access_commands
from dermxai.dashboard import OPTIONS, dashboard
from dermxai.errors import Cancelled, InputError
from dermxai.jobs import commands

if TYPE_CHECKING:
    from dermxai.runs import Run

BAD_INPUT = 2
STOPPED = 130  # as shells say of Ctrl+C

app = typer.Typer(
    help="Explain and analyse skin-disease classifiers. For research and teaching, not for "
    "diagnosis.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command(context_settings=OPTIONS)(dashboard)
app.add_typer(commands.app, name="jobs")
app.add_typer(access_commands.app, name="access")

Checkpoint = Annotated[
    str, typer.Argument(help="Checkpoint folder, foreign weights, or a checkpoint's name.")
]
Data = Annotated[Path, typer.Argument(help="Folder, table or archive of images.")]
RunFolder = Annotated[str, typer.Argument(metavar="RUN", help="A run's folder or id.")]
Column = Annotated[list[str] | None, typer.Option(help="Our column=the table's, such as label=dx.")]
LabelMap = Annotated[
    Path | None, typer.Option(help="Table of two columns: from, to.", dir_okay=False)
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Device = Annotated[str | None, typer.Option(help="cpu, cuda, …; a GPU where there is one.")]
Setting = Annotated[list[str] | None, typer.Option("--set", help="A setting as name=value.")]
Shares = Annotated[int, typer.Option(help="Processes that share the work, one a GPU.", min=1)]
Architecture = Annotated[
    str | None, typer.Option(help="timm name, where foreign weights do not tell.")
]
Classes = Annotated[str | None, typer.Option(help="Class codes of foreign weights: MN,BCC,…")]
Size = Annotated[int | None, typer.Option(help="Input size of foreign weights, in pixels.", min=1)]


@app.command()
def demo(
    home: Annotated[Path | None, typer.Option(help="Workspace folder.")] = None,
    images: Annotated[int | None, typer.Option(help="Images of a new atlas.", min=1)] = None,
    json: Json = False,
) -> None:
    """Draw the synthetic atlas and run the embedded checkpoint over it."""
    if home:
        os.environ["DERMXAI_HOME"] = str(home.absolute())
        paths.share()
    atlas = paths.demo_dataset()
    there = atlas.exists()
    value = _foreground("demo", images=images)
    _print_run(value, json)
    if images and there and (kept := _open(value).manifest["counts"]["images"]) != images:
        console.say(
            f"The atlas of {kept} images was there before and is kept, so that --images {images} "
            f"had no effect; remove {atlas} to draw another."
        )


@app.command()
def infer(
    *,
    checkpoint: Checkpoint,
    dataset: Data,
    column: Column = None,
    label_map: LabelMap = None,
    architecture: Architecture = None,
    classes: Classes = None,
    size: Size = None,
    device: Device = None,
    precision: Annotated[
        str | None, typer.Option(help="float32, bfloat16 or float16; float32 on a CPU.")
    ] = None,
    batch_size: Annotated[int | None, typer.Option(help="Images at a time.", min=1)] = None,
    workers: Annotated[int | None, typer.Option(help="Threads that read images.", min=1)] = None,
    shares: Shares = 1,
    json: Json = False,
) -> None:
    """Run a checkpoint over a dataset; prints the run's folder. Interrupted, it resumes."""
    value = _foreground(
        "infer",
        checkpoint=str(paths.named_checkpoint(checkpoint)),
        dataset=str(dataset.absolute()),
        checkpoint_options=_checkpoint_options(architecture, classes, size),
        dataset_options=_dataset_options(column, label_map),
        device=device,
        precision=precision,
        batch_size=batch_size,
        workers=workers,
        shares=shares,
    )
    _print_run(value, json)


@app.command()
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


@app.command()
def explain(
    *,
    checkpoint: Checkpoint,
    images: Annotated[list[Path], typer.Argument(help="Image files and datasets.")],
    output: Annotated[Path, typer.Option(help="Folder for the maps.", file_okay=False)],
    column: Column = None,
    label_map: LabelMap = None,
    method: Annotated[str, typer.Option(help="Attribution method.")] = "grad_cam",
    target: Annotated[str | None, typer.Option(help="Class code; else what is predicted.")] = None,
    against: Annotated[str | None, typer.Option(help="Explain target minus this class.")] = None,
    head: Annotated[str | None, typer.Option(help="Only this head's vote.")] = None,
    split: Annotated[str | None, typer.Option(help="Of datasets only this split.")] = None,
    label: Annotated[str | None, typer.Option("--class", help="Only images so labelled.")] = None,
    ids: Annotated[
        Path | None, typer.Option(help="File of sample ids, one a line.", dir_okay=False)
    ] = None,
    selection: Annotated[
        str | None, typer.Option(help="Only a selection: what follows sel= in the address.")
    ] = None,
    common_scale: Annotated[
        bool, typer.Option("--common-scale", help="One colour scale for all figures.")
    ] = False,
    setting: Setting = None,
    architecture: Architecture = None,
    classes: Classes = None,
    size: Size = None,
    device: Device = None,
    shares: Shares = 1,
    json: Json = False,
) -> None:
    """Attribution maps: figures (.png, .svg) and numbers (.npz). Interrupted, it resumes."""
    from dermxai.explain.api import methods

    value = _foreground(
        "explain",
        checkpoint=str(paths.named_checkpoint(checkpoint)),
        images=[str(path.absolute()) for path in images],
        output=str(output.absolute()),
        method=method,
        target=target,
        against=against,
        head=head,
        split=split,
        label=label,
        sample_ids=_lines(ids) if ids else None,
        selection=selection,
        common_scale=common_scale,
        device=device,
        settings=_settings(methods(), method, setting),
        checkpoint_options=_checkpoint_options(architecture, classes, size),
        dataset_options=_dataset_options(column, label_map),
        shares=shares,
    )
    console.say_problems(value["problems"])
    if json:
        console.show_json(value)
    else:
        print("\n".join(value["written"]))


@app.command()
def methods(
    checkpoint: Checkpoint,
    architecture: Architecture = None,
    classes: Classes = None,
    size: Size = None,
    json: Json = False,
) -> None:
    """Attribution methods: which are valid for a checkpoint, their cost, and why others are not."""
    from dermxai.explain.api import methods as known
    from dermxai.models import load_classifier

    options = _checkpoint_options(architecture, classes, size)
    classifier = load_classifier(paths.named_checkpoint(checkpoint), **options)
    rows = [
        {
            "method": name,
            "passes": method.passes(classifier, method.Settings()),
            "signed": method.SIGNED,
            "unit": method.UNIT,
            "unavailable": method.unavailable(classifier),
        }
        for name, method in known().items()
    ]
    if json:
        console.show_json(rows)
        return
    console.show_table(
        ("method", "passes", "signed", "unit", "not available because"),
        [[*list(row.values())[:4], row["unavailable"] or ""] for row in rows],
    )


@app.command()
def project(
    run: RunFolder,
    method: Annotated[str, typer.Option(help="Projection method.")] = "umap",
    setting: Setting = None,
    json: Json = False,
) -> None:
    """Map a run's features to two coordinates; kept with the run and printed as a table."""
    from dermxai.projection import open_projection
    from dermxai.projection.projector import methods
    from dermxai.report.origin import origin
    from dermxai.runs import open_run

    folder = str(paths.named_run(run))
    settings = _settings(methods(), method, setting)
    _foreground("project", run=folder, method=method, settings=settings)
    opened = open_run(folder)
    projection = open_projection(opened, method, settings)
    if projection is None:
        raise InputError(f"The map of {folder} was removed while it was being read; try again.")
    if json:
        coordinates = projection.coordinates.tolist()
        names = [str(name) for name in projection.sample_ids]
        console.show_json(
            {
                "origin": origin(opened),
                "method": projection.method,
                "settings": dict(projection.settings),
                "coordinates": dict(zip(names, coordinates, strict=True)),
                "notes": list(projection.notes),
            }
        )
        return
    for note in projection.notes:
        console.say(note)
    print(f"{len(projection.sample_ids)} images by {projection.method}, kept in {folder}")


@app.command()
def quality(
    *,
    run: RunFolder,
    images: Annotated[int, typer.Option(help="How many, classes alike.", min=1)] = 40,
    methods: Annotated[str | None, typer.Option(help="grad_cam,vote_map,…; else all.")] = None,
    measures: Annotated[str | None, typer.Option(help="deletion_blur,road,…; else all.")] = None,
    target: Annotated[str | None, typer.Option(help="Class code; else what is predicted.")] = None,
    against: Annotated[
        str | None, typer.Option(help="Judge target minus this class; or 'runner-up'.")
    ] = None,
    head: Annotated[str | None, typer.Option(help="One head's vote; else their sum.")] = None,
    split: Annotated[str | None, typer.Option(help="Only train, validation or test.")] = None,
    seed: Annotated[int, typer.Option(help="Of the choice of images and all draws.")] = 0,
    setting: Annotated[
        list[str] | None, typer.Option("--set", help="A setting, as deletion_blur.steps=4.")
    ] = None,
    device: Device = None,
    json: Json = False,
) -> None:
    """Judge attribution methods on a run: faithfulness, localisation, sanity, against maps that
    never saw the image. Interrupted, it resumes."""
    from dermxai.explain.faithfulness.quality import open_quality
    from dermxai.metrics.basis import basis
    from dermxai.report.belief import outdated, summary, too_few, units
    from dermxai.report.origin import origin
    from dermxai.runs import open_run

    value = _foreground(
        "quality",
        run=str(paths.named_run(run)),
        images=images,
        methods=_names(methods),
        measures=_names(measures),
        target=target,
        against=against,
        head=head,
        split=split,
        seed=seed,
        settings=_nested(setting or []),
        device=device,
    )
    opened = open_run(value["run"])
    found = open_quality(opened, value["quality"])
    if found is None:
        raise InputError(f"The study in {value['run']} was removed while it was being read.")
    table = summary(opened, found)
    notes = (*outdated(found), *too_few(opened, found, table))
    if json:
        console.show_json(
            {
                **value,
                "origin": origin(opened, found.asked.split),
                "asked": asdict(found.asked),
                "skipped": dict(found.skipped),
                "outdated": list(found.outdated),
                "problems": [asdict(problem) for problem in found.problems],
                "intervals": basis(units(opened)),
                "notes": list(notes),
                "summary": table.to_dict("records"),
            }
        )
    else:
        console.show_belief(table, found, units(opened), notes)


@app.command()
def train(
    *,
    dataset: Data,
    output: Annotated[Path, typer.Option(help="Checkpoint folder to write.", file_okay=False)],
    recipe: Annotated[str, typer.Option(help="paper, scratch or quick.")] = "scratch",
    setting: Setting = None,
    column: Column = None,
    label_map: LabelMap = None,
    device: Device = None,
    devices: Annotated[int, typer.Option(help="Processes, each with its own GPU.", min=1)] = 1,
    folds: Annotated[int, typer.Option(help="Cross-validate by patient; 0: do not.", min=0)] = 0,
    seeds: Annotated[int, typer.Option(help="Seeds of each fold.", min=1)] = 1,
    baseline: Annotated[
        list[str] | None, typer.Option(help="Network to compare: resnet101, efficientnet_b4+heads")
    ] = None,
    halving: Annotated[
        bool, typer.Option(help="Of several values of a setting stop the worse half early.")
    ] = True,
) -> None:
    """Train a classifier, or several to compare: networks by --folds, or values of settings, as in
    --set learning_rate=1e-3,5e-4. Interrupted, it resumes."""
    pairs, swept = commands.swept_of(setting or [])
    try:
        value = _foreground(
            "train",
            dataset=str(dataset.absolute()),
            output=str(output.absolute()),
            recipe=commands.recipe_of(recipe, pairs),
            sweep=swept or None,
            halving=halving,
            dataset_options=_dataset_options(column, label_map),
            device=device,
            devices=devices,
            folds=folds,
            seeds=seeds,
            baselines=baseline,
        )
    except KeyboardInterrupt:
        console.say("Stopped; the same command goes on after the last whole epoch.")
        raise
    print(*value.values())


@app.command()
def report(
    *,
    run: RunFolder,
    pair: Annotated[tuple[str, str], typer.Option(help="Two class codes, such as EAD SD.")],
    output: Annotated[Path | None, typer.Option(help="HTML file to write.", dir_okay=False)] = None,
    split: Annotated[str | None, typer.Option(help="Only train, validation or test.")] = None,
    most: Annotated[int, typer.Option(help="Images of a kind that are shown.", min=1)] = 24,
    maps: Annotated[
        bool, typer.Option("--maps", help="Average the contrast maps, where that is not done.")
    ] = False,
    json: Json = False,
) -> None:
    """Two classes that are confused: one HTML file with images, for a meeting."""
    from dermxai.explain.pair_maps import open_maps
    from dermxai.report import study
    from dermxai.report.evaluated import evaluated
    from dermxai.report.html import pair_page
    from dermxai.runs import open_run

    if output is None and not json:
        raise InputError("Say where to write it: --output FILE.html, or --json for the numbers.")
    opened = open_run(paths.named_run(run))
    made = study(opened, evaluated(opened, split), *pair, split=split)
    if output is not None:
        if maps:
            _foreground("pair", run=str(opened.root), first=pair[0], second=pair[1], split=split)
        text = pair_page(made, open_maps(opened, *pair, split), most)
        with disk.replacing(output.absolute()) as temporary:
            temporary.write_text(text, encoding="utf-8")
    if json:
        console.show_json(made.as_json())
    else:
        print(output)


@app.command()
def withdraw(
    dataset: Annotated[str, typer.Argument(help="Its path, or its name in the workspace.")],
    images: Annotated[
        bool, typer.Option("--images", help="Also the images, where they lie in the workspace.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Remove all that was made of a dataset: runs, maps, arrays, selections, jobs. Shows it, asks,
    and notes it in the audit log."""
    from dermxai.jobs import withdrawal

    found = withdrawal.find(dataset, images=images)
    if json:
        console.show_json(
            {
                "dataset": str(found.dataset),
                "removed": [{"what": part.what, "path": str(part.path)} for part in found.parts],
                "bytes": found.size,
                "stays": list(found.stays),
            }
        )
    else:
        for part in found.parts:
            print(f"{part.what}: {part.path}")
        for sentence in found.stays:
            console.say(sentence)
    if not yes and not typer.confirm(f"Remove these {len(found.parts)} ({found.size:,} bytes)?"):
        raise typer.Abort
    withdrawal.remove(found)


@app.command()
def doctor(json: Json = False) -> None:
    """Name every file of the workspace that is of no use, and what to do; exits with 1 if any."""
    from dermxai.doctor import examine

    found = examine()
    if json:
        console.show_json(
            [
                {
                    "path": entries.shown(str(odd.path), None),
                    "reason": odd.reason,
                    "remedy": odd.remedy,
                }
                for odd in found
            ]
        )
    else:
        for odd in found:
            print(f"{entries.shown(str(odd.path), None)}: {odd.reason}. {odd.remedy}")
        if not found:
            print(f"Nothing is wrong with {paths.home()}.")
    if found:
        raise typer.Exit(1)


def _foreground(kind: str, **arguments: Any) -> Any:
    """What a job of this kind would do, here and now; arguments that are None stay away."""
    from dermxai.jobs.foreground import work

    given = {name: value for name, value in arguments.items() if value is not None}
    with console.bars() as bars:
        return work(kind, given, bars, console.say)


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()] if text else []


def _lines(file: Path) -> list[str]:
    """
    Raises:
        InputError: the file is not text.
    """
    try:
        return file.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise InputError(f"{file} is not a text of sample ids, one a line.") from None


def _nested(pairs: list[str]) -> dict[str, dict[str, Any]]:
    """Settings by the method or measure they belong to, from texts such as deletion_blur.steps=4.

    Raises:
        InputError: there is none of that name, or it has no such setting.
    """
    from dermxai.explain.api import methods
    from dermxai.explain.faithfulness.measure import measures

    known: dict[str, Any] = {**methods(), **measures()}
    given: dict[str, list[str]] = {}
    for pair in pairs:
        name, _, setting = pair.partition(".")
        if name not in known:
            raise InputError(
                f"{pair!r} came where a setting such as deletion_blur.steps=4 was expected, of one "
                f"of {', '.join(known)}."
            )
        given.setdefault(name, []).append(setting)
    return {name: console.typed(known[name].Settings, each) for name, each in given.items()}


def _checkpoint_options(
    architecture: str | None, classes: str | None, size: int | None
) -> dict[str, Any]:
    codes = [code.strip() for code in classes.split(",")] if classes else None
    options = {"architecture": architecture, "classes": codes, "size": size}
    return {name: value for name, value in options.items() if value is not None}


def _dataset_options(column: list[str] | None, label_map: Path | None) -> dict[str, Any]:
    options = {
        "columns": console.assigned(column or []),
        "label_map": str(label_map.absolute()) if label_map else None,
    }
    return {name: value for name, value in options.items() if value}


def _settings(available: Mapping[str, Any], method: str, pairs: list[str] | None) -> dict[str, Any]:
    return console.typed(available[method].Settings, pairs or []) if method in available else {}


def _open(value: Mapping[str, str]) -> "Run":
    from dermxai.runs import open_run

    return open_run(value["run"])


def _print_run(value: dict[str, str], json: bool) -> None:
    run = _open(value)
    console.say_problems(run.manifest["problems"])
    if json:
        console.show_json({"run": value["run"], **run.manifest})
    else:
        print(value["run"])


def main() -> int:
    """Runs the command line; 0, 2 for bad input with one line that says why, 130 when stopped."""
    paths.share()
    try:
        code: int | None = app(standalone_mode=False)
        sys.stdout.flush()
    except InputError as error:
        return _refused(str(error))
    except BrokenPipeError:  # who reads has seen enough
        _let_go()
        return STOPPED
    except typer.TyperException as error:
        if message := error.format_message():  # none where help was shown instead
            console.say(f"Error: {message.rstrip('.')}. See --help.")
        return BAD_INPUT
    except (KeyboardInterrupt, Cancelled, typer.Abort):
        return STOPPED
    except Exception as error:
        sentence = disk.trouble(error) or (str(error) if isinstance(error, OSError) else "")
        if not sentence:
            raise
        return _refused(sentence)
    return code or 0


def _refused(sentence: str) -> int:
    with suppress(OSError):  # the disk that it tells of may be where it is written
        console.say(f"Error: {sentence}")
    _let_go()
    return BAD_INPUT


def _let_go() -> None:
    """What cannot be printed, to a full disk or to nobody, is no error at the end, too."""
    try:
        sys.stdout.flush()
    except OSError:
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115


if __name__ == "__main__":
    sys.exit(main())
