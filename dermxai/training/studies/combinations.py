"""Which settings a sweep compares, and how long each is trained before the worse half stops.

Successive halving (Jamieson and Talwalkar 2016, arXiv:1502.07943): of n settings all are trained
for a first share of their epochs, the better half goes on to twice that share, and so forth. Every
training follows the schedule of its whole length, so that those compared are as far in it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise, product
from math import ceil, log2, prod

from dermxai.core.errors import InputError
from dermxai.core.values import shown
from dermxai.training.recipe import LOSS, Recipe

MOST = 64  # trainings of a sweep
LONGEST = 80  # characters of a folder's name
NOT_SWEPT = {
    **dict.fromkeys(
        ("merge", "watch", "mean", "std", "weights", "start_from"), "holds commas of its own"
    ),
    **dict.fromkeys(
        ("keep_by", "split", "merge", "only", "leave_out"), "changes what trainings are compared by"
    ),
}


IN_THE_LOSS = ("head_loss", "label_smoothing", "auxiliary")
"""Settings that the validation loss depends on, for the same votes."""


@dataclass(frozen=True)
class Round:
    """A stretch of a sweep.

    Attributes:
        settings: how many are trained.
        share: of its epochs to which each is trained.
    """

    settings: int
    share: float

    def until(self, epochs: int) -> int:
        """The epoch, counted from 1, with which the round ends for a training of that length."""
        return max(1, ceil(self.share * epochs - 1e-9))


def rounds(settings: int, *, halving: bool = True) -> list[Round]:
    """Of a sweep of so many settings; one where none is stopped early."""
    if not halving or settings < 2:
        return [Round(settings, 1.0)]
    number = int(log2(settings))
    found, left = [], settings
    for index in range(number + 1):
        found.append(Round(left, 2.0 ** (index - number)))
        left = ceil(left / 2)
    return found


def epochs_in_all(plan: Sequence[Round], epochs: int) -> int:
    """That the settings of a sweep are trained together."""
    ends = [0, *(each.until(epochs) for each in plan)]
    return sum(
        each.settings * (end - begin)
        for each, (begin, end) in zip(plan, pairwise(ends), strict=True)
    )


def values_of(recipe: Recipe, swept: Mapping[str, object]) -> dict[str, list[object]]:
    """The values of each setting that is compared.

    Raises:
        InputError: an unknown setting, one that cannot be compared, or no list of values.
    """
    known = Recipe.model_fields
    found: dict[str, list[object]] = {}
    for name, values in swept.items():
        if name not in known:
            raise InputError(f"There is no setting {shown(name)}; there are {', '.join(known)}.")
        if name in NOT_SWEPT:
            raise InputError(
                f"{name} {NOT_SWEPT[name]} and takes one value only; start a training for each."
            )
        several = list(values) if isinstance(values, list | tuple) else []
        if not several or not all(isinstance(value, str | int | float) for value in several):
            raise InputError(f"{name} is {shown(values)}; expected several values to compare.")
        if name in IN_THE_LOSS and recipe.keep_by == LOSS:
            raise InputError(
                f"{name} is part of the loss that keep_by compares; set keep_by to macro_auc to "
                "compare its values."
            )
        found[name] = several
    return found


def combinations(recipe: Recipe, swept: Mapping[str, object]) -> dict[str, Recipe]:
    """Every combination of the values, by its label, such as "learning_rate=0.001, balance=0.5".

    Raises:
        InputError: as `values_of`; none or too many combinations.
    """
    values = [list(dict.fromkeys(each)) for each in values_of(recipe, swept).values()]
    number = prod(map(len, values))
    if not 2 <= number <= MOST:
        raise InputError(f"A sweep of {number} trainings came; expected 2 to {MOST}.")
    each = [dict(zip(swept, combination, strict=True)) for combination in product(*values)]
    made = [recipe.replaced(**chosen) for chosen in each]
    return {", ".join(f"{name}={_text(getattr(own, name))}" for name in swept): own for own in made}


def folder_name(label: str) -> str:
    """Of a combination; a hash ends one that had to be changed."""
    plain = re.sub(r"[^\w.,=+-]", "_", label.replace(", ", ","))[:LONGEST]
    if plain == label.replace(", ", ","):
        return plain
    return f"{plain}-{sha256(label.encode()).hexdigest()[:8]}"


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
