"""`explain`: any method, any image, any target."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from dermxai.core.errors import InputError
from dermxai.core.settings import Settings, checked
from dermxai.data.images import ImageLike, as_image
from dermxai.explain.attribution import store
from dermxai.explain.attribution.dropped import DROPPED
from dermxai.explain.attribution.method import (
    METHODS,
    Attribution,
    AttributionMethod,
    Progress,
    Target,
    as_attribution,
    attributed,
    explained_head,
)
from dermxai.explain.forward import require_finite
from dermxai.explain.memory import one_at_a_time

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier


class Memory(Protocol):
    """Room for the map of one wish, at the method's own resolution."""

    def get(self) -> Attribution | None: ...
    def put(self, made: Attribution, /) -> object: ...


USUAL = "grad_cam"
"""The method by which an image is explained unless one is named, where the network has it."""
PREFERRED = ("vote_map", "attention_relevance", "stage_grad_cam", "saliency", "occlusion")
"""The first of these that means something otherwise."""
SMALLEST = 8  # pixels of an image's shorter side


def methods() -> Mapping[str, AttributionMethod[Settings]]:
    """The attribution methods by name."""
    return METHODS.all()


def find_method(name: str) -> AttributionMethod[Settings]:
    """
    Raises:
        InputError: there is no such method.
    """
    if name in DROPPED and name not in methods():
        raise InputError(DROPPED[name])
    return METHODS.find(name)


def valid_method(name: str, classifier: "Classifier") -> AttributionMethod[Settings]:
    """
    Raises:
        InputError: there is no such method, or it means nothing for this network.
    """
    method = find_method(name)
    if reason := method.excuse(classifier):
        other = first_method(classifier)
        raise InputError(
            f"{method.title} is not available for this network: {reason} Take {other}, for one."
        )
    return method


def first_method(classifier: "Classifier", *before: str) -> str:
    """The method by which images are explained unless one is named.

    Args:
        before: names of methods that are preferred where they mean something.
    """
    known = methods()
    wanted = [name for name in (*before, *PREFERRED) if name in known]
    valid = (name for name in wanted if known[name].excuse(classifier) is None)
    return next(valid, next(iter(wanted), next(iter(known))))


def chosen_method(classifier: "Classifier", named: str | None) -> tuple[str, str]:
    """The method that is named, else Grad-CAM or the first that means something; and why it is not
    Grad-CAM where none was named, else empty."""
    if named is not None:
        return named, ""
    method, usual = first_method(classifier, USUAL), find_method(USUAL)
    reason = usual.excuse(classifier)
    if reason is None:
        return method, ""
    title = find_method(method).title
    return method, f"{title} ({method}), since {usual.title} is not available: {reason}"


def explain(
    classifier: "Classifier",
    image: ImageLike,
    method: str | None = None,
    target: str | None = None,
    against: str | None = None,
    *,
    head: str | None = None,
    settings: object = None,
    progress: Progress | None = None,
    keep: bool = False,
    memory: Memory | None = None,
) -> Attribution:
    """A map of what speaks for a class in an image.

    Args:
        image: a path, a PIL image, or an array (h, w, 3) RGB of uint8.
        method: name of one of `dermxai.explain.attribution.method.METHODS`; Grad-CAM if not given,
            or the first that means something for the network.
        target: class code; the predicted class if not given.
        against: explain how far ``target`` lies above this class instead.
        head: name of the head whose logit is explained; the sum of all if not given, or the final
            head by a method of one head.
        settings: the method's ``settings`` or a mapping of their values; defaults if not given.
        progress: called with passes done and in all; may raise `Cancelled`.
        keep: read the map from the workspace if it was kept there before, else keep it.
        memory: keeps the map, for `recall`.

    Returns:
        The map on the original image (h, w) float32, in the method's ``unit``; ``native`` is the
        same at the method's own resolution.

    Raises:
        InputError: unknown method, class, head or setting; a method that is not valid for this
            network, or whose map is none; an image that cannot be read or is too small; a network
            that does not give finite numbers; memory that does not suffice for one image.

    Examples:
        >>> import dermxai
        >>> classifier = dermxai.load_classifier("checkpoint")
        >>> found = dermxai.explain(classifier, "lesion.png", "grad_cam", "MN", against="BCC")
        >>> found.map.shape, found.unit
        ((61, 83), 'logit per feature-map position')
    """
    image = as_image(image, profiles=classifier.info.preprocessing.colour_profiles)
    method = first_method(classifier, USUAL) if method is None else method
    chosen = valid_method(method, classifier)
    values = checked_settings(method, settings)
    tensor = prepared(classifier, image)
    wanted = _explained(classifier, chosen, target or predicted(classifier, tensor), against, head)
    name = _key(classifier, image, method, wanted, values) if keep else None
    made = store.read(name) if name else None
    if made is None:
        with one_at_a_time():
            native, notes = attributed(
                chosen, classifier, tensor, wanted, settings=values, progress=progress
            )
        info = classifier.info
        made = as_attribution(
            chosen,
            native,
            target=info.classes[wanted.index],
            against=None if wanted.against is None else info.classes[wanted.against],
            head=None if wanted.head is None else info.heads[wanted.head].name,
            settings=values,
            notes=notes,
        )
        if name:
            store.write(name, made)
    if memory:
        memory.put(replace(made, map=made.native))
    laid_out = made.laid_out(classifier.info.preprocessing, image.shape)
    return replace(laid_out, class_specific=chosen.class_specific)


def recall(
    classifier: "Classifier",
    image: ImageLike | Callable[[], ImageLike],
    method: str,
    target: str,
    against: str | None = None,
    *,
    head: str | None = None,
    settings: object = None,
    shape: tuple[int, ...] | None = None,
    keep: bool = True,
    memory: Memory | None = None,
) -> Attribution | None:
    """The map that `explain` kept for the same wish, in memory or in the workspace; None where
    there is none.

    Args:
        image: as `explain` takes it, or what gives it where it has to be looked at.
        shape: (height, width) of the map, where it is not the image's own.
        keep: look in the workspace, too.

    Raises:
        InputError: unknown method, class, head or setting.
    """
    wanted = _explained(classifier, find_method(method), target, against, head)
    values = checked_settings(method, settings)
    made = memory.get() if memory else None
    if made is None and not keep:
        return None
    if made is None or shape is None:
        given = image() if callable(image) else image
        pixels = as_image(given, profiles=classifier.info.preprocessing.colour_profiles)
        shape = shape or pixels.shape
        if made is None:
            made = store.read(_key(classifier, pixels, method, wanted, values))
            if made is None:
                return None
            if memory:
                memory.put(made)
    laid_out = made.laid_out(classifier.info.preprocessing, shape)
    return replace(laid_out, class_specific=find_method(method).class_specific)


def _key(
    classifier: "Classifier",
    image: NDArray[np.uint8],
    method: str,
    target: Target,
    settings: Settings,
) -> str:
    version = find_method(method).version
    return store.key(classifier.hash, image, method, target, settings, version=version)


def prepared(classifier: "Classifier", image: NDArray[np.uint8]) -> torch.Tensor:
    """The network's input (1, 3, size, size) from an image (h, w, 3) RGB.

    Raises:
        InputError: it is no such array, or too small to speak of places in it.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise InputError(
            f"The image is an array {image.shape} of {image.dtype}; expected (height, width, 3) "
            "RGB of uint8."
        )
    height, width = image.shape[:2]
    if min(height, width) < SMALLEST:
        raise InputError(
            f"The image is {width}×{height} pixels; at least {SMALLEST}×{SMALLEST} are needed to "
            "explain it."
        )
    return torch.from_numpy(classifier.info.preprocessing(image))[None]


def predicted(classifier: "Classifier", tensor: torch.Tensor) -> str:
    """The class that a prepared image is predicted as.

    Raises:
        InputError: the network does not give finite numbers, or memory does not suffice.
    """
    with one_at_a_time():
        scores = classifier.infer(tensor).logits[0].sum(0)
    require_finite(scores, classifier.name)
    return classifier.info.classes[int(scores.argmax())]


def find_target(
    classifier: "Classifier", target: str, against: str | None = None, head: str | None = None
) -> Target:
    """
    Raises:
        InputError: the model has no such class or head, or a class is set against itself.
    """
    classes = classifier.info.classes
    heads = [each.name for each in classifier.info.heads]
    for code in (target, against):
        if code is not None and code not in classes:
            raise InputError(f"The model has no class {code!r}; choose from {', '.join(classes)}.")
    if target == against:
        raise InputError(f"{target} is set against itself; choose two classes.")
    if head is not None and head not in heads:
        raise InputError(f"The model has no head {head!r}; choose from {', '.join(heads)}.")
    return Target(
        classes.index(target),
        None if against is None else classes.index(against),
        None if head is None else heads.index(head),
    )


def _explained(
    classifier: "Classifier",
    method: AttributionMethod[Settings],
    target: str,
    against: str | None,
    head: str | None,
) -> Target:
    """What a method's map will explain where this is asked for."""
    names = [each.name for each in classifier.info.heads]
    return find_target(classifier, target, against, explained_head(method, head, names))


def check_target(
    classifier: "Classifier", target: str | None, against: str | None, head: str | None
) -> None:
    """Before many images are explained, each for its predicted class where there is no target.

    Raises:
        InputError: the model has no such class or head, or a class is set against itself.
    """
    classes = classifier.info.classes
    other = next((code for code in classes if code != against), classes[0])
    find_target(classifier, target or other, against, head)


def checked_settings(method: str, given: object = None) -> Settings:
    """A method's ``settings`` from such, from a mapping of some of their values, or from nothing.

    Raises:
        InputError: the method has no such setting, or a value is out of bounds.
    """
    return checked(method, find_method(method).settings, given)
