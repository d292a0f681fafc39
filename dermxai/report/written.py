"""`report`: a run, or two of its classes that are confused, as an HTML file."""

from collections.abc import Sequence
from pathlib import Path

from dermxai.core import disk
from dermxai.core.errors import InputError
from dermxai.explain.confusion.pair_maps import open_maps
from dermxai.report.confusion_analysis import ConfusionAnalysis, confusion_analysis
from dermxai.report.document.files import write as write_document
from dermxai.report.document.material import ALL, USUAL, Options
from dermxai.report.evaluated import evaluated
from dermxai.report.html import MOST, pair_page
from dermxai.report.measures import point_of
from dermxai.runs import Run

RULE = "youden"


def report(
    run: Run,
    first: str | None = None,
    second: str | None = None,
    output: str | Path | None = None,
    *,
    split: str | None = None,
    most: int | None = None,
    images: bool | None = None,
    pairs: int = Options.pairs,
    rule: str = RULE,
    target: float | None = None,
    merge: Sequence[str] = (),
) -> Path:
    """Writes what is known of a run, or of two of its classes, as one HTML file that needs nothing
    else.

    Of a run: data, splits and leakage, model card, measures under both decision rules, calibration,
    confusions and their causes, examples, remedies tried, a methods paragraph, versions and hashes,
    and the items of reporting guidelines that this answers. An archive of the same name beside it
    holds figures (SVG, PDF) and tables (CSV, LaTeX, Word).

    Of two classes: how often each is predicted as the other, which heads drive that, possible label
    errors, and the images. Averaged contrast maps are in it where the run holds them.

    Args:
        run: of a classifier over the images.
        first, second: codes of two of its classes; None for the whole run.
        output: the file to write; it is replaced whole. Of a whole run "report-ID.html" in the
            current folder if not given.
        split: only "train", "validation" or "test". If not given, two classes are measured on all
            images, a run on its test images, where there are none on its validation images, else on
            all; "all" of a run: on all.
        most: images that are shown: of two classes, of errors each way and of suspect labels; of a
            run, in all. The usual number if not given.
        images: of a run, whether images are shown; if not given only where all are drawn, since
            others are patients'.
        pairs: of a run, how many pairs of classes get a cause card.
        rule, target: of a run, the operating point of the second decision rule, as ``evaluate``
            takes it.
        merge: of a run, classes that are taken as one, such as "EAD+SD"; "groups": the kinds of
            disease; "eight": all but the eight of the reader study.

    Returns:
        The file's absolute path.

    Raises:
        InputError: a class is not the model's, both are the same, or only one is named; the run has
            no such split; the rule or a number is none.

    Examples:
        >>> import dermxai
        >>> classifier = dermxai.load_classifier("checkpoint")
        >>> run = dermxai.infer(classifier, dermxai.load_dataset("images"))
        >>> dermxai.report(run, "MN", "BCC", "pair.html").name
        'pair.html'
        >>> dermxai.report(run, output="run.html", pairs=0).name  # and run.zip beside it
        'run.html'
    """
    if first is None and second is None:
        from dermxai.report.document.collect import collect  # imports torch

        options = options_of(
            split, most, images=images, pairs=pairs, rule=rule, target=target, merge=merge
        )
        return write_document(collect(run, options), of_run(run, output))[0]
    if first is None or second is None or output is None:
        raise InputError(
            "A report on two classes needs both and a file to write; without classes it is on the "
            "whole run."
        )
    made = confusion_analysis(run, evaluated(run, split), first, second, split=split)
    return write(made, output, MOST if most is None else most)


def options_of(
    split: str | None = None,
    most: int | None = None,
    *,
    images: bool | None = None,
    pairs: int = Options.pairs,
    rule: str = RULE,
    target: float | None = None,
    merge: Sequence[str] = (),
) -> Options:
    """Of a report on a run, see `report`.

    Raises:
        InputError: the rule or a number is none.
    """
    point = point_of(rule, target)
    if point is None:
        raise InputError(
            "The decision rule argmax came; it is in every report: choose the operating point that "
            f"stands beside it, such as {RULE}."
        )
    return Options(
        split=USUAL if split is None else None if split == ALL else split,
        point=point,
        pairs=pairs,
        examples=Options.examples if most is None else most,
        images=images,
        merge=tuple(merge),
    )


def of_run(run: Run, output: str | Path | None) -> Path:
    """The file of a report on a run."""
    return Path(f"report-{run.id}.html" if output is None else output).absolute()


def write(made: ConfusionAnalysis, output: str | Path, most: int = MOST) -> Path:
    """Writes what was found of two classes, see `report`; the file's absolute path."""
    file = Path(output).absolute()
    maps = open_maps(made.run, made.pair.first, made.pair.second, made.split)
    text = pair_page(made, maps, most)
    with disk.replacing(file) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return file
