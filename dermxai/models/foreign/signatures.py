"""Signatures of timm's networks: names and shapes of all tensors but the classifier's."""

import csv
from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

import torch

TABLE = Path(__file__).with_name("architectures.csv")
"""A line for all networks of timm with the same tensors, that which is likeliest first; written by
``python -m docs.make_architectures``."""
COUNTER = ".num_batches_tracked"  # absent from some exports, without effect here
COMPUTED = ("relative_position_index", "relative_coords_table", "attn_mask", "rope.periods")
"""Buffers that follow from the settings; some programs save them."""
POSITIONS = ("pos_embed",)


def signature(shapes: Mapping[str, Iterable[int]], *, any_size: bool = False) -> str:
    """A digest of a network's tensors but its classifier.

    Args:
        shapes: by timm's names, without the classifier.
        any_size: leave out for how large images its positions are.
    """
    lines = sorted(
        f"{name} {_shape(name, shape, any_size)}"
        for name, shape in shapes.items()
        if not name.endswith((COUNTER, *COMPUTED))
    )
    return blake2b("\n".join(lines).encode(), digest_size=6).hexdigest()


def _shape(name: str, shape: Iterable[int], any_size: bool) -> str:
    sides = list(shape)
    return str(sides[-1:] if any_size and name.endswith(POSITIONS) else sides)


def matching_architectures(shapes: Mapping[str, torch.Size]) -> tuple[str, ...]:
    """Those that have these tensors, the likeliest first; empty where timm has none. A network for
    images of another size comes where none fits as it is."""
    exact, of_any_size = _table()
    return exact.get(signature(shapes)) or of_any_size.get(signature(shapes, any_size=True)) or ()


@lru_cache(maxsize=1)
def _table() -> tuple[Mapping[str, tuple[str, ...]], Mapping[str, tuple[str, ...]]]:
    exact: dict[str, tuple[str, ...]] = {}
    of_any_size: dict[str, tuple[str, ...]] = {}
    with TABLE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            names = tuple(row["architectures"].split())
            exact[row["exact"]] = names
            of_any_size[row["any_size"]] = of_any_size.get(row["any_size"], ()) + names
    return exact, of_any_size
