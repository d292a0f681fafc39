"""`explain`: any method, any image, any target."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from numpy.typing import NDArray

from dermxai.errors import InputError
from dermxai.explain.method import Attribution, Method, Progress, Target
from dermxai.plugins import modules

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier


def methods() -> dict[str, Method]:
    """The attribution methods, by the name of their file."""
    return cast(dict[str, Method], modules("dermxai.explain.methods"))


def explain(
    classifier: "Classifier",
    image: NDArray[np.uint8],
    method: str = "grad_cam",
    target: str | None = None,
    against: str | None = None,
    *,
    settings: Any = None,
    progress: Progress | None = None,
) -> Attribution:
    """A signed map of what speaks for a class in an image.

    Args:
        image: (h, w, 3) RGB.
        method: name of a file in `dermxai.explain.methods`.
        target: class code; the predicted class if not given.
        against: explain how far ``target`` lies above this class instead.
        settings: the method's ``Settings``; its defaults if not given.
        progress: called with passes done and in all; may raise `Cancelled`.

    Returns:
        The map on the original image (h, w).

    Raises:
        InputError: unknown method or class.
    """
    available = methods()
    if method not in available:
        raise InputError(
            f"There is no attribution method {method!r}; choose from {', '.join(available)}."
        )
    chosen = available[method]
    settings = settings if settings is not None else chosen.Settings()
    classes = classifier.info.classes
    tensor = torch.from_numpy(classifier.info.preprocessing(image))[None]
    if target is None:
        target = classes[int(classifier.infer(tensor).logits.sum(1).argmax())]
    for code in (target, against):
        if code is not None and code not in classes:
            raise InputError(f"The model has no class {code!r}; choose from {', '.join(classes)}.")
    wanted = Target(classes.index(target), None if against is None else classes.index(against))
    values, notes = chosen.attribute(classifier, tensor, wanted, settings, progress)
    return Attribution(
        map=classifier.info.preprocessing.to_original(values, (image.shape[0], image.shape[1])),
        method=method,
        target=target,
        against=against,
        unit=chosen.UNIT,
        settings=asdict(settings),
        notes=(chosen.NOTE, *notes),
    )
