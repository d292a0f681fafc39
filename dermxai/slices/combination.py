"""Slices combined: and, or, and not."""

from collections.abc import Sequence
from enum import StrEnum


class Operation(StrEnum):
    AND = "and"
    OR = "or"
    NOT = "and not"


def combined(operation: Operation, first: Sequence[str], second: Sequence[str]) -> tuple[str, ...]:
    """Distinct sample ids in the order of the first, then of the second."""
    others = set(second)
    match operation:
        case Operation.AND:
            chosen = [each for each in first if each in others]
        case Operation.OR:
            chosen = [*first, *second]
        case Operation.NOT:
            chosen = [each for each in first if each not in others]
    return tuple(dict.fromkeys(chosen))
