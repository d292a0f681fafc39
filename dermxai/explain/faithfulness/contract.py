"""What every faithfulness measure and control map keeps to, as checks that an author can run::

    for fault in measure_faults(MINE):
        print(fault)

They run on a small network whose true map is known; nothing is downloaded.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from typing_extensions import override

from dermxai.core.components import begun, said, sentences
from dermxai.core.errors import Cancelled, InputError
from dermxai.core.settings import Settings, described, setting
from dermxai.data.transforms import Preprocessing
from dermxai.explain.attribution.contract import Work, hooked, random_state, weights
from dermxai.explain.attribution.method import (
    AttributionMethod,
    Made,
    Progress,
    Target,
    map_faults,
)
from dermxai.explain.faithfulness.evaluate import make_case, score
from dermxai.explain.faithfulness.measure import (
    CONTROLS,
    MEASURES,
    Candidate,
    Case,
    ControlMap,
    Measure,
    laid_out,
    score_faults,
)
from dermxai.explain.forward import lean
from dermxai.models.classifier import Classifier
from dermxai.models.info import Head, ModelInfo
from dermxai.models.multi_head import Output

SIZE, CORNER = 32, 8  # pixels of the network's input, and of what it looks at
KERNEL = 9  # of the network that is counted: its passes outweigh what a measure computes besides
MAP_PASSES = 3  # of the method whose maps are evaluated again
NOISES = 6  # random maps that the true one must beat on average

Map = NDArray[np.float32]


class Corner(nn.Module):
    """Two classes: the mean of the upper left corner, and nothing."""

    def __init__(self, side: int, kernel: int) -> None:
        super().__init__()
        self.side = side
        same = nn.Conv2d(3, 3, kernel, padding=kernel // 2, bias=False)
        self.backbone = nn.Sequential(same)
        self.head = nn.Linear(3, 2, bias=False)
        self.heads = nn.ModuleList([self.head])
        with torch.no_grad():
            same.weight.zero_()
            same.weight[..., kernel // 2, kernel // 2] = torch.eye(3)
            self.head.weight.copy_(torch.tensor([[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]]))

    def forward(self, images: Tensor, maps: bool = False) -> Output:
        window = torch.zeros(1, 1, *images.shape[-2:])
        pixels = images.shape[-1] * images.shape[-2]
        window[..., : self.side, : self.side] = pixels / self.side**2
        features = self.backbone(images) * window
        pooled = features.mean((2, 3))
        return Output(self.head(pooled)[:, None], pooled, (features,) if maps else ())


def corner_classifier(side: int = CORNER, kernel: int = 1) -> Classifier:
    """Its first class' logit is how bright the upper left corner is, of this side in pixels.

    Args:
        kernel: of its convolution, which does nothing but cost time.
    """
    heads, preprocessing = (Head("final", 3),), Preprocessing(size=SIZE)
    info = ModelInfo("corner", heads, ("A", "B"), preprocessing, name="corner")
    network: Any = Corner(side, kernel)
    return Classifier(network, info, "corner", Path("corner"))


def corner_case(classifier: Classifier, masks: Collection[str] = ("lesion",)) -> Case:
    """An image that is bright in the corner, which the masks outline, and dark elsewhere."""
    image = np.full((SIZE, SIZE, 3), 40, np.uint8)
    image[:CORNER, :CORNER] = 220
    return make_case(classifier, image, Target(0), dict.fromkeys(masks, _corner()), seed=3)


def true_map() -> Map:
    """(SIZE, SIZE): the corner's, with a little noise to order equal values."""
    noise = np.random.default_rng(0).uniform(0, 1e-3, (SIZE, SIZE))
    return (_corner() + noise).astype(np.float32)


def _corner() -> NDArray[np.bool_]:
    inside = np.zeros((SIZE, SIZE), dtype=bool)
    inside[:CORNER, :CORNER] = True
    return inside


def _noise(seed: int) -> Map:
    cells = np.random.default_rng(seed).standard_normal((8, 8), dtype=np.float32)
    return laid_out(cells, SIZE)


def _one_pixel() -> Map:
    values = np.zeros((SIZE, SIZE), np.float32)
    values[SIZE // 2, SIZE // 3] = 1
    return values


HOSTILE: dict[str, Callable[[], Map]] = {
    "a map of zeros": lambda: np.zeros((SIZE, SIZE), np.float32),
    "a map that is the same everywhere": lambda: np.ones((SIZE, SIZE), np.float32),
    "a map of one pixel": _one_pixel,
    "a map without positive values": lambda: -1 - true_map(),
    "a map of huge values": lambda: _noise(0) * np.float32(1e30),
    "a map of the largest numbers": lambda: np.sign(_noise(0)) * np.finfo(np.float32).max,
    "a map of tiny values": lambda: _noise(0) * np.float32(1e-38),
}
"""Maps that methods do make, by what they are."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Fixed(AttributionMethod[Settings]):
    """The same map whatever it is asked."""

    values: Map

    @override
    def passes(self, classifier: Classifier, settings: Settings) -> int:
        return 0

    @override
    def attribute(self, *_: object) -> Made:
        return self.values, ()


class _Seed(Settings):
    seed: int = setting(0, "Of the draw", 0, 2**31)


class _Drawn(AttributionMethod[_Seed]):
    """The true map and noise that hangs on the network, the image and the seed."""

    @override
    def passes(self, classifier: Classifier, settings: _Seed) -> int:
        return MAP_PASSES

    @override
    def attribute(
        self,
        classifier: Classifier,
        image: Tensor,
        target: Target,
        settings: _Seed,
        progress: Progress | None,
    ) -> Made:
        for _ in range(MAP_PASSES):
            logits = classifier.infer(image).logits
        parts = [*classifier.network.parameters(), image, logits]
        sums = [float(each.double().square().sum()) for each in parts]
        draws = np.random.default_rng([settings.seed, *np.array(sums).view(np.uint64).tolist()])
        noise = 2 * draws.standard_normal((SIZE, SIZE), dtype=np.float32)
        return true_map() + noise, ()


_ABOUT: dict[str, Any] = {
    "unit": "none",
    "note": "None.",
    "source": "none",
    "signed": True,
    "complete": False,
}
_DRAWN = _Drawn(name="drawn", title="Drawn", settings=_Seed, **_ABOUT)


def _fixed(case: Case, values: Map) -> Candidate:
    method = _Fixed(name="fixed", title="Fixed", settings=Settings, values=values, **_ABOUT)
    return Candidate(case, method, Settings(), values)


def _drawn(case: Case) -> Candidate:
    values, _ = _DRAWN.attribute(case.classifier, case.image, case.target, _Seed(), None)
    return Candidate(case, _DRAWN, _Seed(), values)


@sentences
def measure_faults(measure: Measure[Any], settings: Settings | None = None) -> Iterator[str]:
    """What is wrong with a measure, a sentence each.

    Args:
        settings: those to try it with; its defaults if not given.
    """
    if told := list(MEASURES.faults_of(measure, {})):
        yield from told
        return
    values = settings or measure.settings()
    classifier = corner_classifier(kernel=KERNEL)
    lean(classifier)  # whose making takes a pass, which no measure is charged with
    passes: object = measure.passes(classifier, MAP_PASSES, values)
    if not isinstance(passes, int) or isinstance(passes, bool) or passes < 0:
        yield f"passes gives {passes!r}; expected a whole number of at least 0."
        return
    masks = [measure.needs] if measure.needs else []
    case = corner_case(classifier, masks)
    found, wrong = _asked(measure, _fixed(case, true_map()), values)
    if wrong:
        yield from (_of("the true map", each) for each in wrong)
        return
    yield from _used(measure, case, values, passes)
    compared = _better if measure.compared else _depends
    yield from compared(measure, case, values, found)
    for what, make in HOSTILE.items():
        yield from (_of(what, each) for each in _asked(measure, _fixed(case, make()), values)[1])
    yield from _masked(measure, classifier, values)


def _asked(
    measure: Measure[Any], subject: Candidate, settings: Settings
) -> tuple[float, list[str]]:
    """A map's value, NaN where it is undefined, and what is wrong with it."""
    undefined = float("nan")
    try:
        found: Any = measure.measure(subject.case, subject, settings, None)
    except InputError:
        return undefined, []
    except Exception as error:
        unnamed = isinstance(error, KeyError) and error.args[0] in ("lesion", "evidence")
        hint = "; name the mask in needs" if unnamed else ""
        return undefined, [f"measure raises {said(error)}{hint}."]
    if wrong := list(score_faults(found)):
        return undefined, wrong
    if np.isfinite(found.value):
        return float(found.value), []
    told = found.reason.endswith(".")
    return undefined, [] if told else [
        f"The value is {found.value:g} and its reason {found.reason!r}; expected a finite value, "
        "or a sentence that says why it is undefined."
    ]


def _of(what: str, fault: str) -> str:
    return f"Of {what}: {begun(fault)}"


def _used(measure: Measure[Any], case: Case, settings: Settings, passes: int) -> Iterator[str]:
    """What becomes of what it is given, what it costs, and whether it can be cancelled."""
    subject, classifier = _drawn(case), case.classifier
    given = [each.copy() for each in _held(subject)]
    steps: list[tuple[int, int]] = []
    _ = case.intact  # is shared by all measures
    state, held = random_state(), weights(classifier)
    with Work() as work:
        first = measure.measure(case, subject, settings, lambda *step: steps.append(step))
    if any(not np.array_equal(*pair) for pair in zip(given, _held(subject), strict=True)):
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
    second = measure.measure(again, _drawn(again), settings, None)
    if not np.isclose(first.value, second.value, rtol=1e-6, equal_nan=True):
        yield "The same question twice gives two values; draw from a generator with its seed."
    if made >= 1:
        yield from _told(measure, corner_case(classifier, case.masks), settings, steps)


def _told(
    measure: Measure[Any], case: Case, settings: Settings, steps: list[tuple[int, int]]
) -> Iterator[str]:
    if not steps:
        yield "measure never calls progress, so it cannot be cancelled."
        return

    def stop(*_: int) -> None:
        raise Cancelled

    try:
        measure.measure(case, _drawn(case), settings, stop)
    except Cancelled:
        return
    yield "measure catches what progress raises, and goes on."


def _better(measure: Measure[Any], case: Case, settings: Settings, true: float) -> Iterator[str]:
    random = [_asked(measure, _fixed(case, _noise(seed)), settings)[0] for seed in range(NOISES)]
    if np.isnan(random).all() and np.isfinite(true):
        return  # only the true map has a score
    noise = float(np.nanmean(random)) if np.isfinite(random).any() else float("nan")
    if not (true > noise if measure.higher else true < noise):
        way = "higher" if measure.higher else "lower"
        yield (
            f"The true map of a known network scores {true:.3g} and random maps {noise:.3g}; "
            f"{way} is better, so expected the true map to be {way}."
        )


def _depends(measure: Measure[Any], case: Case, settings: Settings, steady: float) -> Iterator[str]:
    changing, wrong = _asked(measure, _drawn(case), settings)
    yield from wrong
    if not wrong and np.isclose(changing, steady, equal_nan=True):
        yield (
            f"A map that never changes and one that hangs on network, image and seed both score "
            f"{steady:.3g}: it does not depend on the map."
        )


def _masked(measure: Measure[Any], classifier: Classifier, settings: Settings) -> Iterator[str]:
    """Where the mask that it needs is empty, or not there."""
    if not measure.needs:
        return
    bare = corner_case(classifier, ())
    found = score(bare, _fixed(bare, true_map()), measure, settings)
    if np.isfinite(found.value):
        yield f"There is a score of an image without the {measure.needs} mask; expected none."
    nothing = np.zeros((SIZE, SIZE), dtype=bool)
    empty = replace(bare, masks={measure.needs: nothing})
    for fault in _asked(measure, _fixed(empty, true_map()), settings)[1]:
        yield f"Of a mask that is empty: {begun(fault)}"


def _held(subject: Candidate) -> list[NDArray[Any]]:
    case = subject.case
    return [case.image.numpy(), case.pixels, subject.values, *case.masks.values()]


def _forward(classifier: Classifier) -> int:
    with Work() as work:
        classifier.infer(torch.zeros(1, 3, SIZE, SIZE))
    return int(work.forwards)


@sentences
def control_faults(control: ControlMap[Any], settings: Settings | None = None) -> Iterator[str]:
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
        if not _same(made, control.attribute(*asked, values, None)):
            yield f"{what} two maps; a control map depends on its settings alone."
            return
    ask = partial(control.attribute, classifier, image, Target(0))
    yield from _by_settings(control, values, made, lambda chosen: ask(chosen, None))


def _by_settings(
    control: ControlMap[Any], settings: Settings, made: Made, ask: Callable[[Settings], Made]
) -> Iterator[str]:
    """Of maps of other settings than those of ``made``."""
    for each in described(control.settings):
        for bound in {each.low, each.high} - {None}:
            for fault in map_faults(ask(settings.replaced(**{each.name: bound}))):
                yield f"With {each.name} {bound:g}: {begun(fault)}"
    if "seed" in control.settings.model_fields:
        seed = vars(settings)["seed"]
        if _same(made, ask(settings.replaced(seed=seed - 1 if seed else 1))):
            yield "Another seed gives the same map."


def _same(made: Made, other: Made) -> bool:
    return np.array_equal(made[0], other[0])
