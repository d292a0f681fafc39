"""LIME (Ribeiro et al. 2016, arXiv:1602.04938) on SLIC superpixels by Captum.

Coalitions near the image count more (cosine distance, as Captum has it); the linear model is ridge
regression, as the authors' own code has it for images.
"""

from captum.attr import Lime
from sklearn.linear_model import Ridge

from dermxai.explain.attribution.coalitions import CoalitionMethod, CoalitionSettings
from dermxai.explain.attribution.seeded import Fitted, SeededCoalitions
from dermxai.explain.forward import Value

RIDGE = 1.0


def model(value: Value, seed: int) -> Lime:
    return Lime(
        value,
        interpretable_model=Fitted(Ridge(alpha=RIDGE)),
        perturb_func=SeededCoalitions(seed),
    )


LIME = CoalitionMethod(
    name="lime",
    title="LIME",
    unit="logit per region",
    note="A linear model of what regions add, fitted to images with about half of them covered.",
    source="Ribeiro et al. 2016, arXiv:1602.04938",
    signed=True,
    complete=False,
    settings=CoalitionSettings,
    model=model,
)
