"""Deconvolution by Captum (Zeiler and Fergus 2013, arXiv:1311.2901): passes positive gradients
through ReLUs, active or not.
"""

from captum.attr import Deconvolution

from dermxai.core.settings import Settings
from dermxai.explain.attribution.method import GRADIENTS
from dermxai.explain.attribution.relu_rules import UNIT, ReluRule

DECONVOLUTION = ReluRule(
    name="deconvolution",
    title="Deconvolution",
    unit=UNIT,
    note="Passes positive gradients through every ReLU; says more of the image than of the class.",
    source="Zeiler and Fergus 2013, arXiv:1311.2901",
    signed=False,
    complete=False,
    needs=GRADIENTS,
    settings=Settings,
    rule=Deconvolution,
)
