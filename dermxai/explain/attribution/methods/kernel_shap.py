"""KernelSHAP (Lundberg and Lee 2017, arXiv:1705.07874) on SLIC superpixels by Captum.

Coalitions of regions are drawn with the Shapley kernel, and a linear model is fitted that meets the
values of the whole image and of the covered one: the regions' values add up to the difference.
"""

from dermxai.explain.attribution.coalitions import CoalitionMethod, CoalitionSettings
from dermxai.explain.attribution.seeded import SeededKernelShap

KERNEL_SHAP = CoalitionMethod(
    name="kernel_shap",
    title="KernelSHAP",
    unit="logit per region",
    note="Each region's Shapley value: its mean contribution over coalitions of the other regions.",
    source="Lundberg and Lee 2017, arXiv:1705.07874",
    signed=True,
    complete=False,
    settings=CoalitionSettings,
    model=SeededKernelShap,
)
