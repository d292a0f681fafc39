"""Heads that count more or less: a weight of each, not negative, with the lowest log loss on
validation patients."""

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax
from typing_extensions import override

from dermxai.core.activation import SOFTMAX
from dermxai.core.settings import Settings, setting
from dermxai.remedies.images import Images
from dermxai.remedies.outputs import Floats, Scaled
from dermxai.remedies.remedy import Bench, Fitted, Remedy, SkippedError

MOST = 20.0  # of a weight


class HeadSettings(Settings):
    balanced: bool = setting(False, "Each class counts alike, however rare")


class AverageHeads(Remedy[HeadSettings]):
    @override
    def fitted(self, bench: Bench, settings: HeadSettings) -> Fitted:
        images = bench.validation.labelled
        if images.outputs.parts.shape[1] < 2:
            raise SkippedError("There is one head only.")
        if not len(images):
            raise SkippedError("No validation image has a label that the model knows.")
        if images.outputs.activation != SOFTMAX:
            raise SkippedError("Heads are weighted for probabilities that add up to 1 only.")
        scales = fitted_scales(images, balanced=settings.balanced)
        told = ", ".join(
            f"{name} {scale:.2f}"
            for name, scale in zip(_names(bench, scales.size), scales, strict=True)
        )
        change = Scaled(scales, np.zeros(len(images.outputs.classes)))
        return Fitted(change, notes=(f"Weights of the heads, 1 before: {told}.",))


def fitted_scales(images: Images, *, balanced: bool) -> Floats:
    """(h,) weights of the lowest log loss, 0 to `MOST`.

    Args:
        images: m of them, labelled.
        balanced: whether each class counts alike.
    """
    parts, true, rows = images.outputs.parts, images.true, np.arange(len(images))
    weight = images.balanced() if balanced else images.weight
    weight = weight / weight.sum()

    def loss(scales: Floats) -> tuple[float, Floats]:
        told = log_softmax(np.einsum("nhk,h->nk", parts, scales), axis=1)
        error = np.exp(told)
        error[rows, true] -= 1
        error *= weight[:, None]
        return -float(weight @ told[rows, true]), np.einsum("nhk,nk->h", parts, error)

    heads = parts.shape[1]
    found = minimize(
        loss,
        np.ones(heads),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, MOST)] * heads,
        options={"gtol": 1e-8, "ftol": 1e-13, "maxiter": 500},
    )
    return np.asarray(found.x, np.float64)


def _names(bench: Bench, heads: int) -> tuple[str, ...]:
    known = bench.run.heads
    return known if len(known) == heads else tuple(f"head {place + 1}" for place in range(heads))


AVERAGE_HEADS = AverageHeads(
    name="average_heads",
    title="Weighted heads",
    note="Gives each head a weight, learnt on validation patients, where all counted alike.",
    settings=HeadSettings,
)
