"""Deconvolution by Captum (Zeiler and Fergus 2013, arXiv:1311.2901): passes positive gradients
through ReLUs, active or not.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from captum.attr import Deconvolution

from dermxai.explain import relu_rules
from dermxai.explain.operations import relu_only

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

TITLE = "Deconvolution"
UNIT = relu_rules.UNIT
PER_AREA = ""
NOTE = "Passes positive gradients through every ReLU; says more of the image than of the class."
SOURCE = "Zeiler and Fergus 2013, arXiv:1311.2901"
SIGNED = False
COMPLETE = False
ONE_HEAD = False
VERSION = 1
passes = relu_rules.passes
attribute = relu_rules.gradient_by(Deconvolution)


@dataclass(frozen=True)
class Settings:
    """Deconvolution has none."""


def unavailable(classifier: "Classifier") -> str | None:
    return relu_only(classifier, TITLE)
