"""Which classes are taken as one and what is measured, from the texts that ask for it."""

from collections.abc import Sequence

from dermxai import taxonomy
from dermxai.core.errors import InputError
from dermxai.metrics.regrouping import Combine, Per, Regrouping

GROUPS = "groups"
"""Asks for the kinds of disease of the taxonomy."""


def regrouping_of(
    classes: Sequence[str], merges: Sequence[str] = (), per: str = "image", combine: str = "mean"
) -> Regrouping:
    """
    Args:
        classes: of the model.
        merges: "EAD+SD", one a merge, or `GROUPS`.
        per, combine: of `Per` and `Combine`.

    Raises:
        InputError: there is no such class, or no such way.
    """
    for value, kind in ((per, Per), (combine, Combine)):
        if value not in list(kind):
            raise InputError(f"{value!r} came; choose one of {', '.join(kind)}.")
    asked = [tuple(text.split("+")) for text in merges if text != GROUPS]
    if GROUPS in merges:
        asked += disease_groups(classes)
    for code in (code for each in asked for code in each):
        if code not in classes:
            raise InputError(
                f"The model has no class {code!r}; merge some of {', '.join(classes)}, as in "
                f"{'+'.join(list(classes)[:2])}."
            )
    return Regrouping(tuple(asked), Per(per), Combine(combine))


def disease_groups(classes: Sequence[str]) -> list[tuple[str, ...]]:
    """The model's classes of each kind of disease that has several."""
    kinds: dict[str, list[str]] = {}
    for code in taxonomy.ordered(classes):
        if code in taxonomy.BY_CODE:
            kinds.setdefault(taxonomy.BY_CODE[code].group, []).append(code)
    return [tuple(codes) for codes in kinds.values() if len(codes) > 1]
