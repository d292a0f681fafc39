"""Guided backpropagation by Captum (Springenberg et al. 2014, arXiv:1412.6806): passes positive
gradients through active ReLUs only.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from captum.attr import GuidedBackprop

from dermxai.explain import relu_rules
from dermxai.explain.operations import relu_only

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

TITLE = "Guided Backpropagation"
UNIT = relu_rules.UNIT
PER_AREA = ""
NOTE = (
    "Passes positive gradients through active ReLUs only; says more of the image than of the class."
)
SOURCE = "Springenberg et al. 2014, arXiv:1412.6806"
SIGNED = False
COMPLETE = False
ONE_HEAD = False
VERSION = 1
passes = relu_rules.passes
attribute = relu_rules.gradient_by(GuidedBackprop)


@dataclass(frozen=True)
class Settings:
    """Guided backpropagation has none."""


def unavailable(classifier: "Classifier") -> str | None:
    return relu_only(classifier, TITLE)
