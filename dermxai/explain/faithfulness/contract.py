"""What every faithfulness measure and control map keeps to, as checks that an author can run::

    for fault in measure_faults(MINE):
        print(fault)

They run on a small network whose true map is known (`corner_network`); nothing is downloaded.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from dermxai.core.components import error_text, faults_as_sentences, lower_first
from dermxai.core.errors import Cancelled, InputError
from dermxai.core.settings import Settings, described
from dermxai.explain.attribution.contract import OperationCounter, hooked, random_state, weights
from dermxai.explain.attribution.method import Made, Target, map_faults
from dermxai.explain.faithfulness.corner_network import (
    CORNER,
    HOSTILE,
    KERNEL,
    MAP_PASSES,
    SIZE,
    corner_case,
    corner_classifier,
    drawn,
    fixed,
    noise,
    true_map,
)
from dermxai.explain.faithfulness.evaluate import score
from dermxai.explain.faithfulness.measure import (
    CONTROLS,
    MEASURES,
    Candidate,
    Case,
    ControlMap,
    Measure,
    score_faults,
)
from dermxai.explain.forward import folded_network
from dermxai.models.classifier import Classifier

S = TypeVar("S", bound=Settings)

NOISES = 6  # random maps that the true one must beat on average


@faults_as_sentences
def measure_faults(measure: Measure[S], settings: S | None = None) -> Iterator[str]:
    """What is wrong with a measure, a sentence each.

    Args:
        settings: those to try it with; its defaults if not given.
    """
    if told := list(MEASURES.faults_of(measure, {})):
        yield from told
        return
    values = settings or measure.settings()
    classifier = corner_classifier(kernel=KERNEL)
    folded_network(classifier)  # whose making takes a pass, which no measure is charged with
    passes: object = measure.passes(classifier, MAP_PASSES, values)
    if not isinstance(passes, int) or isinstance(passes, bool) or passes < 0:
        yield f"passes gives {passes!r}; expected a whole number of at least 0."
        return
    masks = [measure.needs] if measure.needs else []
    case = corner_case(classifier, masks)
    found, wrong = _value(measure, fixed(case, true_map()), values)
    if wrong:
        yield from (_fault_of("the true map", each) for each in wrong)
        return
    yield from _usage_faults(measure, case, values, passes)
    compared = _order_faults if measure.compared else _dependence_faults
    yield from compared(measure, case, values, found)
    for what, make in HOSTILE.items():
        yield from (
            _fault_of(what, each) for each in _value(measure, fixed(case, make()), values)[1]
        )
    yield from _mask_faults(measure, classifier, values)


def _value(measure: Measure[S], subject: Candidate, settings: S) -> tuple[float, list[str]]:
    """A map's value, NaN where it is undefined, and what is wrong with it."""
    undefined = float("nan")
    try:
        found = measure.measure(subject.case, subject, settings, None)
    except InputError:
        return undefined, []
    except Exception as error:
        unnamed = isinstance(error, KeyError) and error.args[0] in ("lesion", "evidence")
        hint = "; name the mask in needs" if unnamed else ""
        return undefined, [f"measure raises {error_text(error)}{hint}."]
    if wrong := list(score_faults(found)):
        return undefined, wrong
    if np.isfinite(found.value):
        return float(found.value), []
    told = found.reason.endswith(".")
    return undefined, [] if told else [
        f"The value is {found.value:g} and its reason {found.reason!r}; expected a finite value, "
        "or a sentence that says why it is undefined."
    ]


def _fault_of(what: str, fault: str) -> str:
    return f"Of {what}: {lower_first(fault)}"


def _usage_faults(measure: Measure[S], case: Case, settings: S, passes: int) -> Iterator[str]:
    """What becomes of what it is given, what it costs, and whether it can be cancelled."""
    subject, classifier = drawn(case), case.classifier
    given = [each.copy() for each in _inputs(subject)]
    steps: list[tuple[int, int]] = []
    _ = case.intact  # is shared by all measures
    state, held = random_state(), weights(classifier)
    with OperationCounter() as work:
        first = measure.measure(case, subject, settings, lambda *step: steps.append(step))
    if any(not np.array_equal(*pair) for pair in zip(given, _inputs(subject), strict=True)):
        yield "measure changes the image, the map or a mask that it is given; work on a copy."
    if random_state() != state:
        yield "measure draws from the random state of the process; draw from a generator."
    if weights(classifier) != held:
        yield "measure changes the network, which all visitors share; work on a copy."
    if hooked(classifier):
        yield "measure leaves hooks on the network; remove them, and put them on a twin."
    made = (work.forwards + 2 * work.backwards) / _forward(classifier)
    if made > passes + 0.5:
        yield (
            f"measure makes work of {made:.0f} forward passes where passes says {passes} for a map "
            f"of {MAP_PASSES}; a backward pass counts as two."
        )
    if list(score_faults(first)):
        return  # is told of the true map
    again = corner_case(classifier, case.masks)
    second = measure.measure(again, drawn(again), settings, None)
    if not np.isclose(first.value, second.value, rtol=1e-6, equal_nan=True):
        yield "The same question twice gives two values; draw from a generator with its seed."
    if made >= 1:
        yield from _cancellation_faults(
            measure, corner_case(classifier, case.masks), settings, steps
        )


def _cancellation_faults(
    measure: Measure[S], case: Case, settings: S, steps: list[tuple[int, int]]
) -> Iterator[str]:
    if not steps:
        yield "measure never calls progress, so it cannot be cancelled."
        return

    def stop(*_: int) -> None:
        raise Cancelled

    try:
        measure.measure(case, drawn(case), settings, stop)
    except Cancelled:
        return
    yield "measure catches what progress raises, and goes on."


def _order_faults(measure: Measure[S], case: Case, settings: S, true: float) -> Iterator[str]:
    random = [_value(measure, fixed(case, noise(seed)), settings)[0] for seed in range(NOISES)]
    if np.isnan(random).all() and np.isfinite(true):
        return  # only the true map has a score
    mean = float(np.nanmean(random)) if np.isfinite(random).any() else float("nan")
    if not (true > mean if measure.higher else true < mean):
        way = "higher" if measure.higher else "lower"
        yield (
            f"The true map of a known network scores {true:.3g} and random maps {mean:.3g}; "
            f"{way} is better, so expected the true map to be {way}."
        )


def _dependence_faults(
    measure: Measure[S], case: Case, settings: S, steady: float
) -> Iterator[str]:
    changing, wrong = _value(measure, drawn(case), settings)
    yield from wrong
    if not wrong and np.isclose(changing, steady, equal_nan=True):
        yield (
            f"A map that never changes and one that hangs on network, image and seed both score "
            f"{steady:.3g}: it does not depend on the map."
        )


def _mask_faults(measure: Measure[S], classifier: Classifier, settings: S) -> Iterator[str]:
    """Where the mask that it needs is empty, or not there."""
    if not measure.needs:
        return
    bare = corner_case(classifier, ())
    found = score(bare, fixed(bare, true_map()), measure, settings)
    if np.isfinite(found.value):
        yield f"There is a score of an image without the {measure.needs} mask; expected none."
    nothing = np.zeros((SIZE, SIZE), dtype=bool)
    empty = replace(bare, masks={measure.needs: nothing})
    for fault in _value(measure, fixed(empty, true_map()), settings)[1]:
        yield f"Of a mask that is empty: {lower_first(fault)}"


def _inputs(subject: Candidate) -> list[NDArray[np.generic]]:
    case = subject.case
    return [case.image.numpy(), case.pixels, subject.values, *case.masks.values()]


def _forward(classifier: Classifier) -> int:
    with OperationCounter() as work:
        classifier.infer(torch.zeros(1, 3, SIZE, SIZE))
    return int(work.forwards)


@faults_as_sentences
def control_faults(control: ControlMap[S], settings: S | None = None) -> Iterator[str]:
    """What is wrong with a control map, a sentence each.

    Args:
        settings: those to try it with; its defaults if not given.
    """
    if told := list(CONTROLS.faults_of(control, {})):
        yield from told
        return
    values = settings or control.settings()
    classifier, other = corner_classifier(), corner_classifier(CORNER // 2)
    image, another = corner_case(classifier).image, torch.zeros(1, 3, SIZE, SIZE)
    if (passes := control.passes(classifier, values)) != 0:
        yield f"passes gives {passes!r}; a control map sees no network, so expected 0."
    if control.complete:
        yield "complete is True; a map that sees no network adds up to no logit."
    given, state = image.clone(), random_state()
    made = control.attribute(classifier, image, Target(0), values, None)
    if not torch.equal(image, given):
        yield "attribute changes the image that it is given."
    if random_state() != state:
        yield "It draws from the random state of the process; draw from a generator."
    if wrong := list(map_faults(made)):
        yield from wrong
        return
    if made[0].min() == made[0].max():
        yield "The map is the same everywhere, so it puts the pixels in no order."
    questions = {
        "The same settings twice give": (classifier, image, Target(0)),
        "Two images give": (classifier, another, Target(0)),
        "Two networks give": (other, image, Target(0)),
        "Two classes give": (classifier, image, Target(1)),
    }
    for what, asked in questions.items():
        if not _are_equal(made, control.attribute(*asked, values, None)):
            yield f"{what} two maps; a control map depends on its settings alone."
            return
    ask = partial(control.attribute, classifier, image, Target(0))
    yield from _settings_faults(control, values, made, lambda chosen: ask(chosen, None))


def _settings_faults(
    control: ControlMap[S], settings: S, made: Made, ask: Callable[[S], Made]
) -> Iterator[str]:
    """Of maps of other settings than those of ``made``."""
    for each in described(control.settings):
        for bound in {each.low, each.high} - {None}:
            for fault in map_faults(ask(settings.replaced(**{each.name: bound}))):
                yield f"With {each.name} {bound:g}: {lower_first(fault)}"
    if "seed" in control.settings.model_fields:
        seed = vars(settings)["seed"]
        if _are_equal(made, ask(settings.replaced(seed=seed - 1 if seed else 1))):
            yield "Another seed gives the same map."


def _are_equal(made: Made, other: Made) -> bool:
    return np.array_equal(made[0], other[0])
