"""One image: what a measure says of a map."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from dermxai.core.components import lower_first
from dermxai.core.errors import InputError, NoRoomError
from dermxai.core.settings import Settings
from dermxai.core.settings import checked as checked_settings
from dermxai.data.images import ImageLike, as_image
from dermxai.data.transforms import fit_mask
from dermxai.explain.attribution.api import prepared
from dermxai.explain.attribution.method import AttributionMethod, Progress, Target, attributed
from dermxai.explain.faithfulness.measure import (
    Candidate,
    Case,
    Measure,
    Score,
    find_measure,
    laid_out,
    score_faults,
)
from dermxai.explain.memory import ran_out_of_memory

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

S = TypeVar("S", bound=Settings)

RANDOM, CENTRED = "smooth_noise", "centred_gaussian"
NO_MEMORY = "Memory ran out."


def make_case(
    classifier: "Classifier",
    image: ImageLike,
    target: Target,
    masks: Mapping[str, NDArray[np.bool_]] | None = None,
    seed: int = 0,
) -> Case:
    """
    Args:
        image: a path, a PIL image, or an array (h, w, 3) RGB of uint8.
        masks: "lesion" and "evidence" as far as they are known, (h, w).

    Raises:
        InputError: the image is too small.
    """
    preprocessing = classifier.info.preprocessing
    image = as_image(image, profiles=preprocessing.colour_profiles)
    shape = (preprocessing.size, preprocessing.size)
    return Case(
        classifier=classifier,
        image=prepared(classifier, image),
        pixels=preprocessing.prepare(image),
        target=target,
        masks={name: fit_mask(mask, shape) for name, mask in (masks or {}).items()},
        seed=seed,
    )


def candidate(
    case: Case,
    method: AttributionMethod[Settings],
    settings: Settings,
    native: NDArray[np.float32] | None = None,
) -> Candidate:
    """A method's map; computed unless it is at hand at the method's own resolution."""
    if native is None:
        native, _ = attributed(method, case.classifier, case.image, case.target, settings=settings)
    return Candidate(case, method, settings, laid_out(native, case.size))


def evaluated(
    case: Case,
    subject: Candidate,
    measure: str,
    settings: object = None,
    progress: Progress | None = None,
) -> Score:
    """What a measure says of a map; undefined where it cannot say, with the reason.

    Raises:
        InputError: unknown measure or setting, or a measure whose score is no number.
    """
    return score(case, subject, find_measure(measure), checked(measure, settings), progress)


def score(
    case: Case,
    subject: Candidate,
    chosen: Measure[S],
    values: S,
    progress: Progress | None = None,
) -> Score:
    """As `evaluated`, of any measure with settings of its own.

    Raises:
        InputError: its score is no number.
    """
    if chosen.needs and chosen.needs not in case.masks:
        return Score.undefined(f"The image has no {chosen.needs} mask.")
    try:
        found = chosen.measure(case, subject, values, progress)
    except (InputError, RuntimeError) as error:
        return Score.undefined(excuse(error))
    for fault in score_faults(found):
        raise InputError(f"{chosen.title} gives no score: {lower_first(fault)}")
    value = float(found.value)
    if np.isfinite(value) or found.reason:
        return replace(found, value=value)
    return Score.undefined("The value is not finite.")


def excuse(error: Exception) -> str:
    """Why there is no score. What is neither the input's fault nor the memory's is raised."""
    room = isinstance(error, RuntimeError) and ran_out_of_memory(error)
    if room or isinstance(error, NoRoomError):
        return NO_MEMORY
    if isinstance(error, InputError):
        return str(error)
    raise error


def checked(measure: str, given: object = None) -> Settings:
    """A measure's ``settings`` from such, from a mapping of some of their values, or from nothing.

    Raises:
        InputError: the measure has no such setting, or a value is out of bounds.
    """
    return checked_settings(measure, find_measure(measure).settings, given)
