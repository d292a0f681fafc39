"""Numpy in, numbers out. What is undefined is NaN."""

from dermxai.metrics.confusion import (
    balanced_accuracy,
    confusion_matrix,
    normalised,
    one_vs_rest,
    top1_accuracy,
)
from dermxai.metrics.evaluation import Evaluation, evaluate
from dermxai.metrics.ranking import (
    RocCurve,
    auc,
    macro_auc,
    macro_average,
    micro_average,
    roc_curve,
)

__all__ = [
    "Evaluation",
    "RocCurve",
    "auc",
    "balanced_accuracy",
    "confusion_matrix",
    "evaluate",
    "macro_auc",
    "macro_average",
    "micro_average",
    "normalised",
    "one_vs_rest",
    "roc_curve",
    "top1_accuracy",
]
