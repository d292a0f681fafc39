"""Deletion: the mean of the target's value while the pixels that a map calls most important are
taken away, the area under the curve over the share of the image.
"""

from dermxai.explain.faithfulness.removal import CurveMeasure, CurveSettings, blurred, inpainted

SOURCE = "Petsiuk et al. 2018, arXiv:1806.07421"

DELETION_BLUR = CurveMeasure(
    name="deletion_blur",
    title="Deletion (blur)",
    source=SOURCE,
    note="The target's mean value while the most important pixels are blurred.",
    unit="logit",
    higher=False,
    settings=CurveSettings,
    given_back=False,
    fill=blurred,
)
DELETION_INPAINTING = CurveMeasure(
    name="deletion_inpainting",
    title="Deletion (inpainting)",
    source=SOURCE,
    note="The target's mean value while the most important pixels are inpainted.",
    unit="logit",
    higher=False,
    settings=CurveSettings,
    given_back=False,
    fill=inpainted,
)
