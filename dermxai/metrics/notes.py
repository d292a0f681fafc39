"""What is to be known of numbers, as reasons and counts; `dermxai.report.sentences` says it."""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why something is left out, undefined or without an interval."""

    UNLABELLED = "unlabelled"
    OUTSIDE = "outside"
    """Labels (``names``) that are none of the model's classes."""
    NOTHING_KNOWN = "nothing_known"
    """No image has a label that the model knows."""
    OWNERS_UNKNOWN = "owners_unknown"
    """Patients of ``images`` (0: of any) are not known: units of the kinds ``names`` stand for
    them."""

    EACH_BY_ITSELF = "each_by_itself"
    """Classes have probabilities of their own, by a sigmoid."""
    ABSENT = "absent"
    """Classes (``names``) without an image."""
    ONLY = "only"
    """The one class (``names``) that has images."""
    RARE_IN_CLASS = "rare_in_class"
    """Classes with fewer units than `intervals.FEWEST`."""
    RARE_IN_MEANS = "rare_in_means"
    """Classes with fewer units than `intervals.FEWEST_OF_CLASS`."""
    RARE = "rare"
    """Fewer units than `intervals.FEWEST` in all."""

    NOT_SHARED = "not_shared"
    """Images that not every model has predicted."""
    FILES_DIFFER = "files_differ"
    """Images of one name, but of several files."""
    LABELS_DIFFER = "labels_differ"
    """Images of several labels, by run."""
    OUTSIDE_SHARED = "outside_shared"
    """Labels (``names``) that not every model knows."""
    CLASSES_NOT_SHARED = "classes_not_shared"
    """Classes (``names``) that not every model has."""

    ALL_SEEN = "all_seen"
    """Every image was seen in training."""
    FEW_SEEN_OR_UNSEEN = "few_seen_or_unseen"
    CLASSES_LOST = "classes_lost"
    """Classes (``names``) of which all images were seen in training."""
    RARE_DIFFERENCES = "rare_differences"
    """Differences of means over classes have no interval."""
    SAME_UNITS = "same_units"
    """A difference is of the same units, ``units`` or more."""

    TOO_FEW_TO_TEST = "too_few_to_test"
    """One group has so few images and units."""
    SMALL_GROUP = "small_group"
    UNTESTED = "untested"
    """Columns (``names``) that too few images state."""
    MANY_VALUES = "many_values"
    """Columns (``names``) of more texts than are compared."""


@dataclass(frozen=True)
class Note:
    """
    Attributes:
        names: classes, columns or kinds of units that it is about.
        images, units: how many.
        unit: what units are called: "patients", "lesions" or "images".
    """

    reason: Reason
    names: tuple[str, ...] = ()
    images: int = 0
    units: int = 0
    unit: str = ""
