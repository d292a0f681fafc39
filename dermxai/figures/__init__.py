"""Data in, plotly figures out. Every one takes ``dark`` and has a title that says what is seen."""

from dermxai.figures.balance import balance
from dermxai.figures.confusion import confusion_matrix
from dermxai.figures.feature_map import feature_map, hover_lines
from dermxai.figures.flip import flip_path
from dermxai.figures.margins import margins
from dermxai.figures.ranking import ranking
from dermxai.figures.roc import roc
from dermxai.figures.set_ledger import set_ledger
from dermxai.figures.votes import votes

__all__ = [
    "balance",
    "confusion_matrix",
    "feature_map",
    "flip_path",
    "hover_lines",
    "margins",
    "ranking",
    "roc",
    "set_ledger",
    "votes",
]
