"""What one map shows and another does not."""

import numpy as np
from numpy.typing import NDArray

from dermxai.core.errors import InputError
from dermxai.explain.attribution.method import Attribution

RELATIVE = "times the map's mean absolute value"


def difference(first: Attribution, second: Attribution) -> Attribution:
    """The first map less the second, of one image.

    In the maps' unit where they share one; else each map is divided by the mean of its absolute
    values, so that only where they lie is compared, and a note says so.

    Raises:
        InputError: the maps are of different sizes, so not of one image.
    """
    if first.map.shape != second.map.shape:
        raise InputError(
            f"Maps of {first.map.shape} and {second.map.shape} positions cannot be subtracted; "
            "choose two of one image."
        )
    same = first.density_unit == second.density_unit
    one, other = first.density, second.density
    notes: tuple[str, ...] = ()
    if not same:
        one, other = _relative(one), _relative(other)
        notes = (
            f"The units differ ({first.density_unit}; {second.density_unit}): each map is divided "
            "by its mean absolute value.",
        )
    values = one - other
    return Attribution(
        map=values,
        native=values,
        method=f"{first.method} less {second.method}",
        target=first.target,
        against=first.against,
        head=first.head if first.head == second.head else None,
        unit=first.density_unit if same else RELATIVE,
        signed=True,
        complete=False,
        settings={"first": dict(first.settings), "second": dict(second.settings)},
        notes=notes,
    )


def _relative(values: NDArray[np.float32]) -> NDArray[np.float32]:
    mean = np.abs(values).mean()
    return values / mean if mean else values
