"""LIME (Ribeiro et al. 2016, arXiv:1602.04938) on SLIC superpixels by Captum.

Coalitions near the image count more (cosine distance, as Captum has it); the linear model is ridge
regression, as the authors' own code has it for images.
"""

from captum.attr import Lime
from sklearn.linear_model import Ridge

from dermxai.explain import coalitions
from dermxai.explain.forward import Value
from dermxai.explain.method import always_available
from dermxai.explain.seeded import Fitted, SeededCoalitions

TITLE = "LIME"
UNIT = "logit per region"
PER_AREA = ""
NOTE = "A linear model of what regions add, fitted to images with about half of them covered."
SOURCE = "Ribeiro et al. 2016, arXiv:1602.04938"
SIGNED = True
COMPLETE = False
ONE_HEAD = False
VERSION = 1
Settings = coalitions.CoalitionSettings
unavailable = always_available
passes = coalitions.passes

RIDGE = 1.0


def model(value: Value, seed: int) -> Lime:
    return Lime(
        value,
        interpretable_model=Fitted(Ridge(alpha=RIDGE)),
        perturb_func=SeededCoalitions(seed),
    )


attribute = coalitions.fitted_by(model)
