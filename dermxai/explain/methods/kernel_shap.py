"""KernelSHAP (Lundberg and Lee 2017, arXiv:1705.07874) on SLIC superpixels by Captum.

Coalitions of regions are drawn with the Shapley kernel, and a linear model is fitted that meets the
values of the whole image and of the covered one: the regions' values add up to the difference.
"""

from dermxai.explain import coalitions
from dermxai.explain.method import always_available
from dermxai.explain.seeded import SeededKernelShap

TITLE = "KernelSHAP"
UNIT = "logit per region"
PER_AREA = ""
NOTE = "Each region's Shapley value: its mean contribution over coalitions of the other regions."
SOURCE = "Lundberg and Lee 2017, arXiv:1705.07874"
SIGNED = True
COMPLETE = False
ONE_HEAD = False
VERSION = 1
Settings = coalitions.CoalitionSettings
unavailable = always_available
passes = coalitions.passes
attribute = coalitions.fitted_by(SeededKernelShap)
