"""Heads retrained on stored features; the features stay (Kirichenko et al. 2022,
arXiv:2204.02937)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax
from typing_extensions import override

from dermxai.core.settings import Settings, setting
from dermxai.metrics.calibration import fitted_temperature
from dermxai.metrics.linear import Linear, Problem, best, logistic, ridge
from dermxai.remedies.images import Images
from dermxai.remedies.outputs import Floats, Replaced, head_slices
from dermxai.remedies.remedy import Bench, Fitted, Remedy, SkippedError

RIDGE, LOGISTIC = "ridge", "logistic"
FINAL, ALL = "final", "all"
TRAINING, VALIDATION, BOTH = "training", "validation", "both"
PENALTIES = (1e-3, 1e-2, 1e-1, 1.0, 10.0)
"""From which one is chosen."""
_ROUGH, _STEPS = 1e-3, 25  # of logistic regressions from which one is chosen
_FINE, _FINE_STEPS = 1e-5, 300  # of the one
_HELD = 5  # one patient in so many chooses, where no others can


class RetrainSettings(Settings):
    method: str = setting(
        RIDGE,
        "Ridge regression on class membership, scaled to probabilities; or multinomial logistic "
        "regression",
        choices=(RIDGE, LOGISTIC),
    )
    heads: str = setting(
        ALL, "Inputs of all heads, or of the final one alone", choices=(ALL, FINAL)
    )
    images: str = setting(
        TRAINING,
        "What is learnt from. Features of training images are better than those of others, since "
        "the network has learnt them",
        choices=(TRAINING, VALIDATION, BOTH),
    )
    balanced: bool = setting(True, "Each class counts alike, however rare")
    penalty: float = setting(
        0.0,
        "On squared weights of standardised features, beside the mean loss; 0: chosen on "
        "validation patients",
        0.0,
        1e4,
    )


@dataclass(frozen=True, eq=False)
class Material:
    """What a classifier is learnt from, or chosen on.

    Attributes:
        features: (m, d)
        true: (m,) index of each image's class.
        weight: (m,)
        patients: (m,)
    """

    features: NDArray[np.float32]
    true: NDArray[np.intp]
    weight: Floats
    patients: NDArray[np.object_]

    def at(self, rows: NDArray[np.bool_]) -> "Material":
        """Some of the images."""
        return Material(
            self.features[rows], self.true[rows], self.weight[rows], self.patients[rows]
        )

    def and_(self, other: "Material") -> "Material":
        """And others."""
        pairs = (
            (getattr(self, name), getattr(other, name))
            for name in ("features", "true", "weight", "patients")
        )
        return Material(*map(np.concatenate, pairs))


class RetrainHeads(Remedy[RetrainSettings]):
    @override
    def fitted(self, bench: Bench, settings: RetrainSettings) -> Fitted:
        outputs = bench.training.outputs
        if not outputs.pooled.width:
            raise SkippedError("The run has no features of a network.")
        columns = slice(None)
        if settings.heads == FINAL:
            columns = head_slices(outputs.channels)[-1]
        training, validation = (
            _material(images.labelled, columns, balanced=settings.balanced)
            for images in (bench.training, bench.validation)
        )
        learnt = {TRAINING: training, VALIDATION: validation}.get(settings.images, training)
        if settings.images == BOTH and not len(training.true):
            learnt = validation
        present = np.unique(learnt.true)
        if present.size < 2:
            raise SkippedError(
                f"The {settings.images} images have labels of {present.size} classes; heads are "
                "retrained on at least two."
            )
        made, notes = retrained(
            learnt,
            validation if settings.images != VALIDATION else None,
            len(outputs.classes),
            method=settings.method,
            penalty=settings.penalty,
            refit=settings.images == BOTH,
            tick=bench.tick,
        )
        weights = np.zeros((outputs.pooled.width, len(outputs.classes)))
        weights[columns] = made.weights
        lacking = ", ".join(
            code for place, code in enumerate(outputs.classes) if place not in present
        )
        if lacking:
            notes = (*notes, f"Never predicted, for want of images to learn from: {lacking}.")
        change = Replaced(outputs.classes, weights, made.bias)
        learns = settings.images != TRAINING
        return Fitted(change, trained_on_validation=learns, notes=notes)


def retrained(
    learnt: Material,
    chosen_on: Material | None,
    classes: int,
    *,
    method: str = RIDGE,
    penalty: float = 0.0,
    refit: bool = False,
    penalties: Sequence[float] = PENALTIES,
    tick: Callable[[], None] = lambda: None,
) -> tuple[Linear, tuple[str, ...]]:
    """A linear classifier of ``classes`` on features; those without an image are never predicted.

    Args:
        learnt: what it is learnt from, of two classes at least.
        chosen_on: images of other patients that choose penalty and scale; where there are none, one
            in five patients of ``learnt`` do.
        method: `RIDGE` or `LOGISTIC`.
        penalty: 0 where it is chosen, of ``penalties``.
        refit: whether it is learnt from both in the end.
        tick: called before each classifier is learnt.

    Returns:
        The classifier, and what was chosen.
    """
    present, true = np.unique(learnt.true, return_inverse=True)
    fits, choosing, told = learnt, chosen_on, "validation"
    usable = choosing is not None and np.isin(choosing.true, present).any()
    if choosing is None or not usable:
        held = held_out(learnt.patients)
        choosing, fits = learnt.at(held), learnt.at(~held)
        refit, told = True, "held-out"
        if np.unique(fits.true).size < present.size or not held.any():
            choosing = fits = learnt  # too few to hold any out
            told = "the same"
    choosing = choosing.at(np.isin(choosing.true, present))
    path = (penalty,) if penalty else tuple(penalties)
    made, used = _chosen(fits, choosing, present, method, path, tick=tick)
    scale = _scale(made, choosing, present) if method == RIDGE else 1.0
    if refit:
        whole = learnt.and_(choosing) if told == "validation" else learnt
        made, _ = _chosen(whole, choosing, present, method, (used,), tick=tick)
    weights = np.zeros((learnt.features.shape[1], classes))
    bias = np.full(classes, _never(made, scale))
    weights[:, present], bias[present] = made.weights * scale, made.bias * scale
    how = "given" if penalty else f"chosen on {len(choosing.true):,} {told} images"
    name = "Ridge regression" if method == RIDGE else "Multinomial logistic regression"
    note = (
        f"{name} on {learnt.features.shape[1]:,} features of {len(true):,} images, penalty "
        f"{used:g} ({how})."
    )
    return Linear(weights, bias), (note,)


def held_out(patients: NDArray[np.object_]) -> NDArray[np.bool_]:
    """(m,) one in five patients, the same whenever they are asked for."""
    names, index = np.unique(patients.astype(str), return_inverse=True)
    order = np.random.default_rng(0).permutation(names.size)
    return np.asarray(np.isin(index, order[: names.size // _HELD]), dtype=bool)


def _chosen(
    fits: Material,
    choosing: Material,
    present: NDArray[np.intp],
    method: str,
    penalties: Sequence[float],
    *,
    tick: Callable[[], None],
) -> tuple[Linear, float]:
    """The classifier of the lowest loss, and its penalty."""
    true = np.searchsorted(present, fits.true)
    problem = Problem.of(fits.features, true, present.size, fits.weight)
    asked = np.searchsorted(present, choosing.true)
    starts: dict[float, tuple[Floats, Floats]] = {}
    closed: dict[float, Linear] = {}

    def fitted(penalty: float, tolerance: float = _ROUGH, most: int = _STEPS) -> Linear:
        tick()
        if method == RIDGE:
            if penalty not in closed:
                closed[penalty] = ridge(problem, [penalty])[0]
            return closed[penalty]
        start = starts.get(penalty, next(reversed(starts.values()), None))
        made, starts[penalty] = logistic(problem, penalty, start, tolerance=tolerance, most=most)
        return made

    def loss(made: Linear) -> float:
        scores = made.scores(choosing.features)
        if method == RIDGE:
            scores = scores * _temper(scores, asked)
        told = log_softmax(scores, axis=1)[np.arange(asked.size), asked]
        return -float(choosing.weight @ told / choosing.weight.sum())

    penalty = penalties[0] if len(penalties) == 1 else best(penalties, fitted, loss)
    return fitted(penalty, _FINE, _FINE_STEPS), penalty


def _scale(made: Linear, choosing: Material, present: NDArray[np.intp]) -> float:
    """What scores of a ridge regression are multiplied by to be logits."""
    return _temper(made.scores(choosing.features), np.searchsorted(present, choosing.true))


def _temper(scores: Floats, true: NDArray[np.intp]) -> float:
    sharp = 10 * scores  # membership is told by 0 and 1: beyond the bounds of temperatures else
    told = np.exp(log_softmax(sharp, axis=1))
    return 10 / fitted_temperature(true, told, units=0).value


def _never(made: Linear, scale: float) -> float:
    """A logit below all others."""
    return -1e3 - abs(scale) * float(np.abs(made.bias).max(initial=0))


def _material(images: Images, columns: slice, *, balanced: bool) -> Material:
    weight = images.balanced() if balanced and len(images) else images.weight
    total = weight.sum()
    return Material(
        images.outputs.pooled.read(columns),
        images.true,
        weight * (len(images) / total) if total else weight,
        images.patients,
    )


RETRAIN_HEADS = RetrainHeads(
    name="retrain_heads",
    title="Retrained heads",
    note="Learns new heads on the features as they are: where this helps, the heads were to blame.",
    settings=RetrainSettings,
)
