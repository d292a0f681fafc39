"""Remedies for a classifier's errors: changes that are fitted on stored logits and features of a
run, stacked, and set beside the unchanged model."""

from dermxai.remedies.images import Division, Images, divided
from dermxai.remedies.remedy import REMEDIES, Bench, Fitted, Remedy, SkippedError
from dermxai.remedies.stack import FittedStack, Stack, Step, fit_stack

__all__ = [
    "REMEDIES",
    "Bench",
    "Division",
    "Fitted",
    "FittedStack",
    "Images",
    "Remedy",
    "SkippedError",
    "Stack",
    "Step",
    "divided",
    "fit_stack",
]
