"""Insertion: the mean of the target's value while the pixels that a map calls most important are
given back, the area under the curve over the share of the image.
"""

from dermxai.explain.faithfulness.removal import CurveMeasure, CurveSettings, blurred, inpainted

SOURCE = "Petsiuk et al. 2018, arXiv:1806.07421"

INSERTION_BLUR = CurveMeasure(
    name="insertion_blur",
    title="Insertion (blur)",
    source=SOURCE,
    note="The target's mean value while the most important pixels are given back, others blurred.",
    unit="logit",
    higher=True,
    settings=CurveSettings,
    given_back=True,
    fill=blurred,
)
INSERTION_INPAINTING = CurveMeasure(
    name="insertion_inpainting",
    title="Insertion (inpainting)",
    source=SOURCE,
    note=(
        "The target's mean value while the most important pixels are given back, others inpainted."
    ),
    unit="logit",
    higher=True,
    settings=CurveSettings,
    given_back=True,
    fill=inpainted,
)
