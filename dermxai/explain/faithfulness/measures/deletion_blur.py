"""Deletion, pixels blurred: the mean of the target's value while the pixels that a map calls most
important are taken away, the area under the curve over the share of the image.
"""

from dermxai.explain.faithfulness import removal
from dermxai.explain.faithfulness.measure import Candidate, Case, Score
from dermxai.explain.method import Progress

TITLE = "Deletion (blur)"
SOURCE = "Petsiuk et al. 2018, arXiv:1806.07421"
NOTE = "The target's mean value while the most important pixels are blurred."
UNIT = "logit"
HIGHER = False
SHARE = False
COMPARED = True
LIMIT = None
NEEDS = None
VERSION = 1
Settings = removal.CurveSettings
passes = removal.passes


def measure(
    case: Case, candidate: Candidate, settings: removal.CurveSettings, progress: Progress | None
) -> Score:
    return removal.deletion(case, candidate, settings.steps, removal.blurred, progress)
