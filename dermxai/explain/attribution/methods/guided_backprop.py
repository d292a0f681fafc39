"""Guided backpropagation by Captum (Springenberg et al. 2014, arXiv:1412.6806): passes positive
gradients through active ReLUs only.
"""

from captum.attr import GuidedBackprop

from dermxai.core.settings import Settings
from dermxai.explain.attribution.method import GRADIENTS
from dermxai.explain.attribution.relu_rules import UNIT, ReluRule

GUIDED_BACKPROP = ReluRule(
    name="guided_backprop",
    title="Guided Backpropagation",
    unit=UNIT,
    note=(
        "Passes positive gradients through active ReLUs only; says more of the image than of the "
        "class."
    ),
    source="Springenberg et al. 2014, arXiv:1412.6806",
    signed=False,
    complete=False,
    needs=GRADIENTS,
    settings=Settings,
    rule=GuidedBackprop,
)
