"""Logit offsets: another threshold between classes, nothing else.

By the prior, the logit of each class loses strength × the logarithm of its share of the training
images (Menon et al. 2021, arXiv:2007.07314, equation 9), as if all classes were as frequent.
Fitted, the offsets have the lowest log loss on validation patients. Between some
classes alone, images and logits of the others play no part.
"""

import numpy as np
from numpy.typing import NDArray
from pydantic import SerializerFunctionWrapHandler, model_serializer
from typing_extensions import override

from dermxai.core.activation import SOFTMAX
from dermxai.core.errors import InputError
from dermxai.core.formatting import signed
from dermxai.core.settings import Settings, setting
from dermxai.metrics.offsets import fitted_offsets, prior_offsets
from dermxai.remedies.images import Images
from dermxai.remedies.outputs import Floats, Scaled
from dermxai.remedies.remedy import Bench, Fitted, Remedy, SkippedError

PRIOR, FITTED = "prior", "fitted"


class OffsetSettings(Settings):
    by: str = setting(
        FITTED,
        "Prior correction by the classes' shares of the training images, or offsets fitted on "
        "validation patients",
        choices=(FITTED, PRIOR),
    )
    strength: float = setting(1.0, "Of the prior correction; 1 is the theory's", 0.0, 3.0)
    balanced: bool = setting(True, "Fitted: each class counts alike, however rare")
    between: str = setting("", "Codes of the classes whose borders move, as EAD+SD; empty: all")

    @model_serializer(mode="wrap")
    def _kept(self, handler: SerializerFunctionWrapHandler) -> dict[str, object]:
        """Without what was added later where it says nothing, so that stacks are kept alike."""
        kept: dict[str, object] = handler(self)
        return kept if kept["between"] else {k: v for k, v in kept.items() if k != "between"}


class LogitOffset(Remedy[OffsetSettings]):
    @override
    def fitted(self, bench: Bench, settings: OffsetSettings) -> Fitted:
        by_prior = settings.by == PRIOR
        of = "training" if by_prior else "validation"
        images = (bench.training if by_prior else bench.validation).labelled
        classes = images.outputs.classes
        between = _between(classes, settings.between)
        images = images.at(np.isin(images.true, between))
        if not len(images):
            among = f" of {' and '.join(classes[at] for at in between)}" if settings.between else ""
            raise SkippedError(f"No {of} image{among} has a label that the model knows.")
        if not by_prior and images.outputs.activation != SOFTMAX:
            raise SkippedError("Offsets are fitted to probabilities that add up to 1 only.")
        offsets = np.zeros(len(classes))
        if by_prior:
            counted = np.bincount(images.true, weights=images.weight, minlength=len(classes))
            shares = counted[between] / counted.sum()
            offsets[between] = prior_offsets(shares, settings.strength)
        else:
            weight = images.balanced() if settings.balanced else images.weight
            true = np.searchsorted(between, images.true)
            offsets[between] = fitted_offsets(images.outputs.logits[:, between], true, weight)
        return _made(bench, offsets, between, _without(images, between, of))


def _between(classes: tuple[str, ...], text: str) -> NDArray[np.intp]:
    """Which classes have offsets, in order.

    Raises:
        InputError: a class is not the model's, or there is one alone.
    """
    codes = {code.strip() for code in text.split("+") if code.strip()}
    if unknown := sorted(codes.difference(classes)):
        raise InputError(
            f"The model has no class {unknown[0]!r}; borders move between some of "
            f"{', '.join(classes)}."
        )
    if len(codes) == 1:
        raise InputError(f"Borders between {text} alone came; expected two classes, as EAD+SD.")
    return np.array([at for at, code in enumerate(classes) if not codes or code in codes])


def _without(images: Images, between: NDArray[np.intp], of: str) -> tuple[str, ...]:
    lacking = between[images.per_class[between] == 0]
    names = ", ".join(images.outputs.classes[at] for at in lacking)
    return (f"Without {of} images, no offset: {names}.",) if names else ()


def _made(
    bench: Bench, offsets: Floats, between: NDArray[np.intp], notes: tuple[str, ...]
) -> Fitted:
    outputs = bench.training.outputs
    told = ", ".join(f"{outputs.classes[at]} {signed(offsets[at])}" for at in between)
    change = Scaled(np.ones(outputs.parts.shape[1]), offsets)
    return Fitted(change, notes=(f"Offsets in logits: {told}.", *notes))


LOGIT_OFFSET = LogitOffset(
    name="logit_offset",
    title="Logit offset",
    note="Moves the borders between classes; features and ranking within a class stay.",
    settings=OffsetSettings,
)
