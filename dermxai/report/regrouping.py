"""Which classes are taken as one and what is measured, from the texts that ask for it."""

from collections.abc import Iterator, Mapping, Sequence

from dermxai import taxonomy
from dermxai.core.errors import InputError
from dermxai.metrics.regrouping import Combine, Per, Regrouping

GROUPS = "groups"
"""Asks for the kinds of disease of the taxonomy."""
EIGHT = "eight"
"""Asks for the eight diagnoses of the paper's reader study, and all others as one."""
PAIR = "+".join(taxonomy.OVERLAPPING)
READY: Mapping[str, str] = {
    PAIR: f"{' and '.join(taxonomy.OVERLAPPING)} as one",
    GROUPS: "Kinds of disease",
    EIGHT: "Reader study: eight, others as one",
}
"""Merges that have a name, and what they are called."""


def regrouping_of(
    classes: Sequence[str], merges: Sequence[str] = (), per: str = "image", combine: str = "mean"
) -> Regrouping:
    """
    Args:
        classes: of the model.
        merges: "EAD+SD", one a merge, `GROUPS` or `EIGHT`.
        per, combine: of `Per` and `Combine`.

    Raises:
        InputError: there is no such class, or no such way.
    """
    for value, kind in ((per, Per), (combine, Combine)):
        if value not in list(kind):
            raise InputError(f"{value!r} came; choose one of {', '.join(kind)}.")
    asked = [tuple(text.split("+")) for text in merges if text not in (GROUPS, EIGHT)]
    if GROUPS in merges:
        asked += disease_groups(classes)
    if EIGHT in merges:
        asked.append(_beside_eight(classes))
    for code in (code for each in asked for code in each):
        if code not in classes:
            raise InputError(
                f"The model has no class {code!r}; merge some of {', '.join(classes)}, as in "
                f"{'+'.join(list(classes)[:2])}."
            )
    return Regrouping(tuple(asked), Per(per), Combine(combine))


def _beside_eight(classes: Sequence[str]) -> tuple[str, ...]:
    """The model's classes that are none of the reader study's.

    Raises:
        InputError: none is, or fewer than two are not.
    """
    others = tuple(taxonomy.ordered(set(classes) - set(taxonomy.READER_STUDY)))
    if len(others) < 2 or len(others) == len(classes):
        raise InputError(
            f"The merge {EIGHT!r} came for a model of {', '.join(classes)}; it takes as one what "
            f"is none of {', '.join(taxonomy.READER_STUDY)}, at least two classes, beside one of "
            "these."
        )
    return others


def ready(classes: Sequence[str]) -> Iterator[str]:
    """Those of `READY` that a model of these classes can be asked for."""
    for name in READY:
        try:
            found = regrouping_of(classes, [name])
        except InputError:
            continue
        if found.merges:
            yield name


def disease_groups(classes: Sequence[str]) -> list[tuple[str, ...]]:
    """The model's classes of each kind of disease that has several."""
    kinds: dict[str, list[str]] = {}
    for code in taxonomy.ordered(classes):
        if code in taxonomy.BY_CODE:
            kinds.setdefault(taxonomy.BY_CODE[code].group, []).append(code)
    return [tuple(codes) for codes in kinds.values() if len(codes) > 1]
