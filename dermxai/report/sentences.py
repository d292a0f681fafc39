"""What statistics have to say in words: titles of measures, and what is to be known of numbers."""

from collections.abc import Iterable, Mapping

import pandas as pd

from dermxai import taxonomy
from dermxai.core.formatting import count
from dermxai.metrics import association
from dermxai.metrics.intervals import FEWEST, FEWEST_OF_CLASS
from dermxai.metrics.notes import Note, Reason

OVERALL: Mapping[str, str] = {
    "top1_accuracy": "Top-1 accuracy",
    "top1_accuracy_merged": f"Top-1 accuracy, {' and '.join(taxonomy.OVERLAPPING)} as one class",
    "balanced_accuracy": "Balanced accuracy (mean sensitivity)",
    "mean_accuracy": "Accuracy, macro average, one-vs-rest",
    "mean_sensitivity": "Sensitivity, macro average, one-vs-rest",
    "mean_specificity": "Specificity, macro average, one-vs-rest",
    "mean_auc": "AUC, macro average, one-vs-rest",
}
"""Titles of `dermxai.metrics.summary.OVERALL`."""
MERGED: Mapping[str, str] = {
    "top1_accuracy": "Top-1 accuracy",
    "balanced_accuracy": "Balanced accuracy",
}
"""Titles of the measures that two classes have apart and as one."""
_WORDS: Mapping[Reason, str] = {
    Reason.UNLABELLED: "{images} without a label: left out.",
    Reason.OUTSIDE: (
        "{images} with labels that the model does not know ({names}): left out of every measure "
        "and shown apart."
    ),
    Reason.NOTHING_KNOWN: (
        "No image here has a label that the model knows: nothing can be measured."
    ),
    Reason.OWNERS_UNKNOWN: (
        "{patients} are not known: the intervals take {kinds} as independent, and are too narrow "
        "where patients have several."
    ),
    Reason.EACH_BY_ITSELF: (
        "Each class has a probability by itself (sigmoid, one-vs-rest); they need not add up to 1. "
        "The prediction is the class with the highest."
    ),
    Reason.ABSENT: "{names}: no image here, so sensitivity and AUC are undefined.",
    Reason.ONLY: "{names}: the only class here, so specificity and AUC are undefined.",
    Reason.RARE_IN_CLASS: (
        "{names}: fewer than {fewest} patients or lesions, so sensitivity and AUC have no interval."
    ),
    Reason.RARE_IN_MEANS: (
        "{names}: fewer than {fewest_of_class} patients or lesions, so the means over classes "
        "(balanced accuracy, sensitivity, AUC) have no interval."
    ),
    Reason.RARE: "Fewer than {fewest} patients or lesions: nothing has an interval.",
    Reason.NOT_SHARED: "{images} that not every model has predicted: left out.",
    Reason.FILES_DIFFER: "{images} of one name whose files differ between the runs: left out.",
    Reason.LABELS_DIFFER: "{images} whose labels differ between the runs: left out.",
    Reason.OUTSIDE_SHARED: ("{images} with labels that not every model knows ({names}): left out."),
    Reason.CLASSES_NOT_SHARED: (
        "Not every model knows {names}. Measures are of the classes that all know; decisions stay "
        "those among all classes of a model, so that a prediction of another class is an error."
    ),
    Reason.ALL_SEEN: ("Every image was seen in training: without them nothing is left to measure."),
    Reason.FEW_SEEN_OR_UNSEEN: (
        "Seen or unseen images are of fewer than {fewest} {unit}: no interval of the difference."
    ),
    Reason.CLASSES_LOST: (
        "No image of {names} is left without those that were seen: means over the classes are then "
        "of others, and their difference is undefined."
    ),
    Reason.RARE_DIFFERENCES: (
        "Differences of means over the classes have no interval, since classes are too rare: it "
        "takes {fewest_of_class} {unit} of each with and without the images that were seen, and "
        "{fewest} seen and unseen."
    ),
    Reason.SAME_UNITS: "Differences are of the same {unit}: of {units} or more.",
    Reason.TOO_FEW_TO_TEST: (
        "One group has {group}: too few to test; the differences only describe them. A test takes "
        "at least {testable} in each group."
    ),
    Reason.SMALL_GROUP: "One group has {group}: only large differences can show.",
    Reason.UNTESTED: (
        "Too few images state this to test it: {names}. A test takes at least {testable} in each "
        "group."
    ),
    Reason.MANY_VALUES: "Not compared, for their many values: {names}.",
}


def with_names(table: pd.DataFrame, titles: Mapping[str, str]) -> pd.DataFrame:
    """The same table of measures with a column ``name`` beside ``measure``."""
    named = table.copy()
    named.insert(1, "name", [titles[measure] for measure in table["measure"]])
    return named


def sentences(notes: Iterable[Note]) -> tuple[str, ...]:
    """Each in a sentence."""
    return tuple(map(sentence, notes))


def sentence(note: Note) -> str:
    """What a note says."""
    images, units = count(note.images, "image"), count(note.units, note.unit.removesuffix("s"))
    return _WORDS[note.reason].format(
        names=", ".join(note.names),
        kinds=" and ".join(note.names),
        images=images,
        units=units,
        unit=note.unit,
        patients=f"Patients of {images}" if note.images else "Patients",
        group=_group(note.images, note.units, note.unit),
        testable=_group(association.FEWEST_IMAGES, association.FEWEST_UNITS, note.unit),
        fewest=FEWEST,
        fewest_of_class=FEWEST_OF_CLASS,
    )


def _group(images: int, units: int, unit: str) -> str:
    """ "12 images of 3 patients"."""
    of = "" if unit == "images" else f" of {count(units, unit.removesuffix('s'))}"
    return f"{count(images, 'image')}{of}"
