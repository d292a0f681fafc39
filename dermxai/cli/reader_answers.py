"""``python -m dermxai readers``: what the answers of a study tell."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dermxai.cli import console
from dermxai.cli.options import Json, Rule, Target
from dermxai.cli.reader_studies import app

if TYPE_CHECKING:
    from dermxai.metrics.decision import OperatingPoint
    from dermxai.readers.answered import Study

__all__ = ["app"]

Answers = Annotated[
    Path, typer.Argument(metavar="ANSWERS", help="CSV/TSV file of answers, one row each.")
]
Classes = Annotated[str | None, typer.Option(help="Classes that were offered, such as MN,SK,BCC.")]
Column = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=COLUMN", help="Where a column is called otherwise: truth=diagnosis."
    ),
]
Device = Annotated[
    str | None, typer.Option(help="The reader in the file that is a program, compared with all.")
]
Network = Annotated[
    str | None,
    typer.Option(metavar="RUN", help="Run whose network takes the same exam, by case ids."),
]


class To(StrEnum):
    """Whom results apply to."""

    BOTH = "both"
    CASES = "cases"
    READERS = "readers"


class Form(StrEnum):
    """Of an export."""

    ANSWERS = "answers"
    R = "r"
    IMRMC = "imrmc"


@app.command()
def analyse(
    answers: Answers,
    *,
    classes: Classes = None,
    column: Column = None,
    device: Device = None,
    network: Network = None,
    arm: Annotated[str | None, typer.Option(help="That is shown class by class.")] = None,
    to: Annotated[
        To | None,
        typer.Option(help="Other readers and cases (both), these readers (cases), these cases."),
    ] = None,
    rule: Rule = "youden",
    target: Target = None,
    output: Annotated[
        Path | None, typer.Option(help="Folder for the tables as files.", file_okay=False)
    ] = None,
    json: Json = False,
) -> None:
    """Sensitivity, specificity, accuracy, AUC and kappa of readers and network with tests,
    agreement, what help changes, time and confidence."""
    from dermxai.core.errors import InputError
    from dermxai.metrics.mrmc.obuchowski_rockette import Generalises
    from dermxai.readers.analysis.whole import analyse as analysed
    from dermxai.readers.analysis.written import write
    from dermxai.report.measures import point_of

    point = point_of(rule, target)
    study = _study(answers, classes, column, device, network, point=point)
    names = [each.name for each in study.arms]
    if arm is not None and arm not in names:
        raise InputError(f"The arm {arm!r} came; the study has {', '.join(names)}.")
    found = analysed(study, arm=arm, to=None if to is None else Generalises[to.name])
    if output is not None:
        for file in write(found, output):
            console.say(str(file))
    if json:
        console.show_json(found.as_json())
    else:
        console.show_study(found)


@app.command()
def export(
    answers: Answers,
    output: Annotated[Path, typer.Argument(help="File to write.", dir_okay=False)],
    *,
    form: Annotated[
        Form, typer.Option(help="answers: the whole table again; r, imrmc: one class.")
    ] = Form.R,
    positive: Annotated[
        str | None, typer.Option("--class", help="Class against the others, for r and imrmc.")
    ] = None,
    classes: Classes = None,
    column: Column = None,
    device: Device = None,
    network: Network = None,
) -> None:
    """Write answers for R, iMRMC or another program."""
    from dermxai.core.errors import InputError
    from dermxai.readers.answers_file import write_answers
    from dermxai.readers.exports import write_imrmc, write_long_form

    study = _study(answers, classes, column, device, network)
    if form is Form.ANSWERS:
        write_answers(study, output)
        return
    if positive is None:
        raise InputError(
            f"No class came; name one of {', '.join(study.classes)} with --class, which is "
            "compared with the others."
        )
    write = write_imrmc if form is Form.IMRMC else write_long_form
    write(study, positive, output)


@app.command()
def power(
    answers: Answers,
    *,
    difference: Annotated[float, typer.Option(help="Of accuracy, that one wants to see: 0.05.")],
    readers: Annotated[list[int], typer.Option(help="Numbers of readers to try.")],
    cases: Annotated[list[int], typer.Option(help="Numbers of cases to try.")],
    arms: Annotated[
        tuple[str, str] | None, typer.Option(help="Two arms; else readers against the network.")
    ] = None,
    classes: Classes = None,
    column: Column = None,
    device: Device = None,
    network: Network = None,
    json: Json = False,
) -> None:
    """How likely studies of so many readers and cases find a difference, from a pilot's answers."""
    from dermxai.core.errors import InputError
    from dermxai.metrics.basis import basis
    from dermxai.readers.analysis.outcomes import Outcomes
    from dermxai.readers.analysis.sizes import sizes

    study = _study(answers, classes, column, device, network)
    names = [each.name for each in study.arms]
    if arms is not None and (strange := [each for each in arms if each not in names]):
        raise InputError(f"The arm {strange[0]!r} came; the study has {', '.join(names)}.")
    chosen = None if arms is None else (names.index(arms[0]), names.index(arms[1]))
    found = sizes(Outcomes.of(study), difference, readers, cases, arms=chosen)
    if json:
        rows = found.to_dict("records")
        console.show_json({"intervals": basis("drawn studies"), "sizes": rows})
        return
    console.show_table(list(found.columns), found.to_numpy().tolist())


@app.command()
def published(*, json: Json = False) -> None:
    """The reader study of Zhu et al. 2021: what follows from its tables, and what does not."""
    from dermxai.metrics.basis import basis
    from dermxai.readers.published.checks import checks

    found = checks()
    if json:
        told = {"source": found.source, "intervals": basis("cases"), "checks": found.as_json()}
        console.show_json(told)
        return
    for check in found.checks:
        follows = "follows" if check.follows else "does not follow"
        print(f"{check.table}: {check.statement}: {follows}.\n    {check.finding}")


def _study(
    answers: Path,
    classes: str | None,
    column: list[str] | None,
    device: str | None,
    network: str | None,
    *,
    point: "OperatingPoint | None" = None,
) -> "Study":
    from dataclasses import replace

    from dermxai.cli.options import names
    from dermxai.core import parsing, paths
    from dermxai.core.errors import InputError
    from dermxai.readers.answers_file import read_answers
    from dermxai.readers.exam import exam
    from dermxai.runs import open_run

    if device is not None and network is not None:
        raise InputError("A device and a network came; one of them is compared with the readers.")
    study = read_answers(
        answers,
        classes=names(classes) if classes is not None else None,
        columns=parsing.assigned(column) if column else None,
        device=device,
    )
    if network is None:
        return study
    return replace(study, device=exam(open_run(paths.named_run(network)), study, point=point))
