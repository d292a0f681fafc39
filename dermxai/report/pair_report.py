"""`report`: two classes that are confused, as one HTML file."""

from pathlib import Path

from dermxai.core import disk
from dermxai.explain.confusion.pair_maps import open_maps
from dermxai.report.confusion_analysis import ConfusionAnalysis, confusion_analysis
from dermxai.report.evaluated import evaluated
from dermxai.report.html import MOST, pair_page
from dermxai.runs import Run


def report(
    run: Run,
    first: str,
    second: str,
    output: str | Path,
    *,
    split: str | None = None,
    most: int = MOST,
) -> Path:
    """Writes what is known of two classes as one HTML file that needs nothing else: how often each
    is predicted as the other, which heads drive that, possible label errors, and the images.

    Averaged contrast maps are in it where the run holds them; their number of images is another
    question than ``most``.

    Args:
        run: of a classifier over the images.
        first, second: codes of two of its classes.
        output: the file to write; it is replaced whole.
        split: only "train", "validation" or "test"; None: all images.
        most: images of errors each way, and of suspect labels, that are shown.

    Returns:
        The file's absolute path.

    Raises:
        InputError: a class is not the model's, both are the same, or the run has no such split.

    Examples:
        >>> import dermxai
        >>> classifier = dermxai.load_classifier("checkpoint")
        >>> run = dermxai.infer(classifier, dermxai.load_dataset("images"))
        >>> dermxai.report(run, "MN", "BCC", "pair.html").name
        'pair.html'
    """
    return write(
        confusion_analysis(run, evaluated(run, split), first, second, split=split), output, most
    )


def write(made: ConfusionAnalysis, output: str | Path, most: int = MOST) -> Path:
    """Writes what was found of two classes, see `report`; the file's absolute path."""
    file = Path(output).absolute()
    maps = open_maps(made.run, made.pair.first, made.pair.second, made.split)
    text = pair_page(made, maps, most)
    with disk.replacing(file) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return file
