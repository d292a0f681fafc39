"""Why a number is undefined, or has no interval. `dermxai.report.measures` says it in words."""

from enum import StrEnum


class Undefined(StrEnum):
    NO_IMAGES = "no_images"
    NO_POSITIVES = "no_positives"
    """No image is of the class."""
    NO_NEGATIVES = "no_negatives"
    """All images are of the class."""
    NONE_PREDICTED = "none_predicted"
    """No image is predicted as the class."""
    ALL_PREDICTED = "all_predicted"
    """All images are predicted as the class."""
    NOTHING_VARIES = "nothing_varies"
    """Labels or predictions are all the same, so that a quotient is 0 / 0."""
    NO_THRESHOLD = "no_threshold"
    """No operating point could be chosen for the class."""
    NO_CLASS = "no_class"
    """An average over no class."""
    FEW_UNITS = "few_units"
    """Too few patients for an interval."""
    NOT_HELD = "not_held"
    """No interval holds the truth often enough (`benchmarks.coverage_measures`)."""
    OTHER_CLASSES = "other_classes"
    """Two averages are over different classes."""
    NOT_ONE_CLASS = "not_one_class"
    """At operating points an image may be of several classes or of none."""
