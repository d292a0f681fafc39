"""Slices: named sets of a dataset's images, and what people note of single ones."""

from dermxai.slices.annotations import Annotation, annotate, find_annotations
from dermxai.slices.combination import Operation, combined
from dermxai.slices.slice import Slice, find_slices, keep, open_slice, remove, selected

__all__ = [
    "Annotation",
    "Operation",
    "Slice",
    "annotate",
    "combined",
    "find_annotations",
    "find_slices",
    "keep",
    "open_slice",
    "remove",
    "selected",
]
