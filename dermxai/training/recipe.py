"""How a network is trained: plain settings that are saved with the checkpoint.

`RECIPES` holds the ready ones. Image side, learning rate and the layers that learn are functions of
the epoch alone, so that a training that is resumed goes on as it would have.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypedDict

import numpy as np
from pydantic import model_validator

from dermxai.core.errors import InputError
from dermxai.core.settings import Settings, setting
from dermxai.core.values import shown
from dermxai.data.selection import is_key
from dermxai.data.transforms import COLOUR_CONSTANCY, IMAGENET_MEAN, IMAGENET_STD
from dermxai.models.packaged import ARCHITECTURE

IMAGENET = "imagenet"
PACKAGED = "packaged"
"""Weights that the extra "pretrained" installs, see `dermxai.models.packaged`."""
HEADS = "+heads"


BASELINES = ("efficientnet_b4", "resnet101", "inception_v3")
"""What the paper's Table 3 compares its network with."""
TO_SPARE_MEMORY = (
    "halve batch_size and double accumulate (which learns nearly the same), set "
    "precision=bfloat16, or take a smaller size"
)
"""What to do when memory does not suffice, as part of a sentence."""
LOSS = "loss"
KEPT_BY: Mapping[str, str] = {
    "macro_auc": "macro AUC",
    "balanced_accuracy": "balanced accuracy",
    LOSS: "validation loss",
}
"""What may choose the epoch that is kept, and its name: all but the loss are the better the
higher, and evaluate the summed logits alone; every head contributes to the loss."""
IMAGENET_NORMALISATION = {
    "mean": ",".join(map(str, IMAGENET_MEAN)),
    "std": ",".join(map(str, IMAGENET_STD)),
}
NORMALISED: Mapping[str, tuple[float, float]] = {"mean": (0, 1), "std": (0.001, 1)}
"""Bounds of each; a network that was trained on values up to 255 has a deviation of 1/255 here."""


class Normalisation(TypedDict, total=False):
    """Of red, green and blue."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


class Recipe(Settings):
    """Settings of one training run.

    The augmentation is the paper's (Zhu et al. 2021, Methods): rotation within ±30° and both flips
    at 50 %. The image side grows from ``start_size`` to ``size`` over the first part of the run
    (progressive learning, Tan and Le 2021, arXiv:2104.00298), which spares time on small machines.

    Raises:
        InputError: as `dermxai.core.settings.Settings`, or two settings that do not go together.
    """

    architecture: str = setting("efficientnet_b4", "Backbone, by its timm name")
    auxiliary: bool = setting(True, "One auxiliary head after each stage votes too")
    weights: str = setting(
        "",
        "Backbone's first weights: imagenet, packaged (of tf_efficientnet_lite0), a file with a "
        "state dict, or empty for random ones",
    )
    start_from: str = setting(
        "", "Checkpoint to start from; its heads are kept where heads and classes are the same"
    )
    size: int = setting(380, "Image side", 32, 1024, unit="px")
    start_size: int = setting(
        0, "Image side of the first epoch; 0: as the last", 0, 1024, unit="px"
    )
    epochs: int = setting(20, "Passes over the training images", 1, 1000)
    batch_size: int = setting(32, "Of a forward pass, on each device", 1, 1024, unit="images")
    accumulate: int = setting(1, "Of a step of the optimiser", 1, 256, unit="forward passes")
    optimiser: str = setting("adamw", "Optimiser", choices=("adamw", "sgd"))
    learning_rate: float = setting(2e-3, "Highest learning rate", 1e-6, 1.0)
    final_learning_rate: float = setting(
        1e-5, "Learning rate once the first layers learn (unfreezing only)", 1e-8, 1.0
    )
    momentum: float = setting(0.9, "Momentum of SGD", 0.0, 0.999)
    weight_decay: float = setting(0.02, "Weight decay", 0.0, 1.0)
    max_gradient_norm: float = setting(
        5.0, "Longer gradients are shortened to this norm; 0: never", 0.0, 1000.0
    )
    unfreeze: bool = setting(
        False,
        "Layers begin to learn step by step, the first last, the learning rate falling each time; "
        "else all from the start, in one cosine cycle",
    )
    frozen_blocks: int = setting(0, "The stem and so many first blocks keep their weights", 0, 100)
    head_loss: float = setting(
        0.5, "Weight of the heads' own mean loss beside the sum's", 0.0, 10.0
    )
    balance: float = setting(
        0.5, "Sampling: 0: classes as frequent as they are; 1: all equally often", 0.0, 1.0
    )
    class_weights: float = setting(
        0.0, "Loss: 0: all images count alike; 1: all classes count alike", 0.0, 1.0
    )
    logit_adjustment: float = setting(
        0.0, "Strength of logit adjustment in the loss (Menon 2021); 1 is the theory's", 0.0, 3.0
    )
    label_smoothing: float = setting(0.05, "Label smoothing", 0.0, 0.5)
    mixup: float = setting(0.0, "Mixup's alpha; 0: none", 0.0, 5.0)
    cutmix: float = setting(0.0, "CutMix's alpha; 0: none", 0.0, 5.0)
    drop_rate: float = setting(0.2, "Dropout before the heads", 0.0, 0.9)
    drop_path_rate: float = setting(0.1, "Stochastic depth", 0.0, 0.9)
    ema_decay: float = setting(
        0.995,
        "Decay a step, after the first ones, of the averaged weights that are kept; 0: no average",
        0.0,
        0.9999,
    )
    keep_by: str = setting(
        "macro_auc",
        "Measure on the validation images that chooses the epoch that is kept; equals by loss",
        choices=tuple(KEPT_BY),
    )
    patience: int = setting(
        0, "Stops after so long without a better one by keep_by; 0: never", 0, 1000, unit="epochs"
    )
    precision: str = setting(
        "float32", "Arithmetic of the forward pass", choices=("float32", "bfloat16")
    )
    colour_constancy: str = setting(
        "shades_of_gray", "Colour constancy before the network", choices=tuple(COLOUR_CONSTANCY)
    )
    mean: str = setting(
        "",
        "Mean of the input's channels, as 0.485,0.456,0.406, for values from 0 to 1; empty: that "
        "of start_from, else what timm's weights of the network were trained with",
    )
    std: str = setting("", "Standard deviation of the input's channels; likewise")
    split: str = setting(
        "column",
        "Validation images: those of the split column where there is one, or a new split by "
        "patient that leaves test patients out",
        choices=("column", "patient"),
    )
    only: str = setting(
        "", "Learns from and validates on these images alone: key of a selection (sel in addresses)"
    )
    leave_out: str = setting("", "Images that play no part: key of a selection")
    merge: str = setting("", "Classes to count as one, such as EAD+SD; several with commas")
    watch: str = setting("", "Pair whose confusion is followed, such as EAD/SD; empty: the worst")
    seed: int = setting(0, "Seed of weights, order and augmentation", 0, 2**31 - 1)
    deterministic: bool = setting(False, "Only algorithms that repeat to the bit, on GPUs too")

    @model_validator(mode="after")
    def _go_together(self) -> "Recipe":
        if self.start_from and self.weights:
            raise InputError(
                "Both start_from and weights name where to start; give only one of them."
            )
        if (self.mixup or self.cutmix) and self.batch_size % 2:
            raise InputError(
                f"batch_size is {self.batch_size}; mixup and cutmix pair the images of a batch and "
                "need an even one."
            )
        for name in ("only", "leave_out"):
            if (key := getattr(self, name)) and not is_key(key):
                raise InputError(
                    f"{name} is {shown(key)}; expected the key of a selection, 16 digits 0 to f."
                )
        _ = self.merged, self.watched, self.normalisation
        return self

    @property
    def network(self) -> str:
        """What a study calls its network."""
        return self.architecture + (HEADS if self.auxiliary else "")

    @property
    def merged(self) -> tuple[tuple[str, ...], ...]:
        """Groups of class codes that count as one.

        Raises:
            InputError: a code that comes twice.
        """
        parts = (part.split("+") for part in self.merge.split(",") if part.strip())
        groups = tuple(tuple(code.strip() for code in part) for part in parts)
        codes = [code for group in groups for code in group]
        if len(set(codes)) < len(codes):
            raise InputError(
                f"merge is {self.merge!r}; expected each class once, such as EAD+SD,LP+Pso."
            )
        return groups

    @property
    def watched(self) -> tuple[str, str] | None:
        """The pair of class codes that was asked for.

        Raises:
            InputError: not two codes, or twice the same.
        """
        if not self.watch:
            return None
        first, _, second = (part.strip() for part in self.watch.partition("/"))
        if not first or not second or first == second:
            raise InputError(
                f"watch is {self.watch!r}; expected two different class codes such as EAD/SD."
            )
        return first, second

    @property
    def normalisation(self) -> Normalisation:
        """``mean`` and ``std`` as far as they were asked for, as three numbers each.

        Raises:
            InputError: not three numbers within `NORMALISED`.
        """
        asked: Normalisation = {}
        texts: Mapping[Literal["mean", "std"], str] = {"mean": self.mean, "std": self.std}
        for name, text in texts.items():
            if text:
                try:
                    red, green, blue = (float(part) for part in text.split(","))
                except ValueError:
                    red = green = blue = float("nan")
                low, high = NORMALISED[name]
                if not all(low <= number <= high for number in (red, green, blue)):
                    raise InputError(
                        f"{name} is {text!r}; expected three numbers from {low:g} to {high:g} with "
                        f"commas, such as {IMAGENET_NORMALISATION[name]}, or nothing: the input's "
                        "values lie between 0 and 1."
                    )
                asked[name] = (red, green, blue)
        return asked

    def size_at(self, epoch: int) -> int:
        """Image side in an epoch: linear over the first 70 % of the run, in steps of 32 pixels."""
        if not self.start_size or self.start_size >= self.size:
            return self.size
        share = min(1.0, epoch / max(1.0, 0.7 * self.epochs))
        grown = self.start_size + share * (self.size - self.start_size)
        return self.size if share == 1.0 else max(32, int(grown // 32) * 32)

    def learning_stages_at(self, epoch: int, stages: int) -> int:
        """How many of the network's stages learn in an epoch, counted from the heads: all, or with
        ``unfreeze`` one more in each epoch with which a share of 1/stages of them is reached: of 50
        epochs, as people and history.csv count them, and 10 stages in the 5th, 10th … 45th. With no
        more epochs than stages several begin at once, so that all learn in the last epoch.

        Args:
            epoch: counted from 0, as everywhere but in what people see.
        """
        if not self.unfreeze or self.epochs == 1:
            return stages
        if self.epochs <= stages:
            return 1 + epoch * (stages - 1) // (self.epochs - 1)
        return min(stages, 1 + (epoch + 1) * stages // self.epochs)

    def learning_rate_at(self, epoch: int, stages: int) -> float:
        """Learning rate in an epoch with ``unfreeze``: geometrically from ``learning_rate`` over
        the geometric middle when half of the stages learn, to ``final_learning_rate`` when all do;
        a single epoch has the first.

        With 10 stages, 50 epochs and 1e-3 to 1e-5 that is the paper's 1e-4 at epoch 25 (``epoch``
        24, as it counts from 0); with other numbers of epochs it is reached with half of them.
        """
        if self.epochs == 1:
            return self.learning_rate
        step, middle, last = self.learning_stages_at(epoch, stages) - 1, stages // 2, stages - 1
        known = {0: 0.0, middle: 0.5, last: 1.0} if last else {0: 0.0}
        fall = math.log10(self.learning_rate / self.final_learning_rate)
        decades = np.interp(step, list(known), list(known.values()))
        return float(self.learning_rate * 10 ** (-fall * decades))


RECIPES: Mapping[str, Recipe] = {
    "paper": Recipe(
        weights=IMAGENET,
        epochs=50,
        optimiser="sgd",
        learning_rate=1e-3,
        final_learning_rate=1e-5,
        weight_decay=0.0,
        max_gradient_norm=0.0,
        unfreeze=True,
        head_loss=1.0,
        balance=0.0,
        label_smoothing=0.0,
        drop_rate=0.4,
        drop_path_rate=0.2,
        ema_decay=0.0,
    ),
    "light": Recipe(
        architecture=ARCHITECTURE,
        weights=PACKAGED,
        size=160,
        epochs=12,
        final_learning_rate=5e-4,
        unfreeze=True,
        balance=1.0,
        ema_decay=0.9,
        drop_path_rate=0.0,
    ),
    "scratch": Recipe(),
    "quick": Recipe(
        architecture="efficientnet_b0",
        size=128,
        start_size=96,
        epochs=5,
        ema_decay=0.9,
        drop_path_rate=0.0,
    ),
}
"""What there is to choose from; any setting can be replaced.

``paper``: fine-tuning as Zhu et al. 2021 describe it. The paper states neither epochs, batch size,
weight decay, dropout nor the weights of the losses: these are ours, dropout and stochastic depth
those of B4 in Tan and Le 2019. ``light``: a small network from packaged ImageNet weights, which
needs no network and minutes on a processor; layers are frozen first. ``scratch``: from random
weights, as the embedded checkpoint was made. ``quick``: a small network on small images, to see
within minutes whether data can be learnt.
"""


def chosen(name: str, settings: object = None) -> Recipe:
    """A ready recipe with some settings replaced.

    Args:
        settings: by their names.

    Raises:
        InputError: no such recipe or setting, or a value that is not allowed.
    """
    if name not in RECIPES:
        raise InputError(f"There is no recipe {name!r}; there are {', '.join(RECIPES)}.")
    if settings is not None and not isinstance(settings, Mapping):
        raise InputError(f"A recipe is {shown(settings)}; expected settings by their names.")
    return RECIPES[name].replaced(**(settings or {}))


_TOLD_FIRST = {
    name: place
    for place, name in enumerate(
        ("start_from", "architecture", "learning_rate", "epochs", "size", "batch_size", "seed")
    )
}
_PATHS = ("start_from", "weights")


def told(settings: Mapping[str, object] | None) -> tuple[str, list[str]]:
    """The ready recipe that settings are nearest to, and those that differ from it, as "epochs 30";
    what tells trainings apart most comes first.

    Raises:
        InputError: as `chosen`.
    """
    recipe = chosen("scratch", settings)
    apart = {
        name: [each for each, value in recipe.model_dump().items() if value != getattr(ready, each)]
        for name, ready in RECIPES.items()
    }
    name = min(apart, key=lambda each: len(apart[each]))
    order = sorted(apart[name], key=lambda each: _TOLD_FIRST.get(each, len(_TOLD_FIRST)))
    return name, [_in_words(each, getattr(recipe, each)) for each in order]


def _in_words(name: str, value: object) -> str:
    words = {"start_from": "from"}.get(name, name.replace("_", " "))
    if isinstance(value, bool):
        return words if value else f"no {words}"
    if isinstance(value, float):
        return f"{words} {value:g}"
    return (
        f"{words} {Path(str(value)).name if name in _PATHS else value}"
        if value != ""
        else f"no {words}"
    )


def completed(noted: Mapping[str, object]) -> dict[str, object]:
    """Settings as a training has saved them; those that there were not yet as the rule was then."""
    rule: dict[str, object] = {"keep_by": LOSS, "mean": "", "std": "", "only": "", "leave_out": ""}
    start = noted.get("start_from")
    if noted.get("weights") != IMAGENET and not (
        isinstance(start, str) and start and Path(start).is_dir()
    ):
        rule |= IMAGENET_NORMALISATION
    return rule | dict(noted)


def as_saved(recipe: Recipe, noted: Mapping[str, object]) -> Recipe:
    """The recipe by the rules of a training that has begun: settings that its note does not know
    are `completed`, unless they were asked for."""
    usual = Recipe()
    later = {
        name: value
        for name, value in completed(noted).items()
        if name not in noted and getattr(recipe, name) == getattr(usual, name)
    }
    return recipe.replaced(**later)
