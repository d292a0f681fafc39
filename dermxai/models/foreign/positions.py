"""Positions of transformers, made for images of another size: resampled as timm does on load."""

from collections.abc import Mapping
from math import isqrt

import torch
from timm.layers.pos_embed import resample_abs_pos_embed
from timm.layers.pos_embed_rel import resize_rel_pos_bias_table
from torch import Tensor

ABSOLUTE, RELATIVE = "backbone.pos_embed", ".relative_position_bias_table"
PATCHES = "backbone.patch_embed.proj.weight"
OF_CLASS_TOKEN = 3  # rows of a table of relative positions for it, in BEiT


def resampled(
    tensors: Mapping[str, Tensor], expected: Mapping[str, torch.Size], side: int
) -> tuple[dict[str, Tensor], str]:
    """The tensors with positions for images of another size, and what was done; empty where they
    fit.

    Args:
        expected: shapes for images of ``side`` pixels.
    """
    found, notes = dict(tensors), set()
    for name, tensor in tensors.items():
        shape = expected.get(name, tensor.shape)
        if shape == tensor.shape or tensor.ndim != len(shape) or not tensor.is_floating_point():
            continue
        if name == ABSOLUTE and PATCHES in tensors:
            changed = _absolute(tensor, shape, side // tensors[PATCHES].shape[-1])
        elif name.endswith(RELATIVE):
            changed = _relative(tensor, shape)
        else:
            continue
        if changed is not None:
            found[name], note = changed
            notes.add(note)
    told = f"resampled {', '.join(sorted(notes))}, as timm does" if notes else ""
    return found, told


def _absolute(places: Tensor, shape: torch.Size, grid: int) -> tuple[Tensor, str] | None:
    """Of (1, token, channels)."""
    others = shape[1] - grid**2 if len(shape) == 3 else -1  # tokens that stand for no place
    old = isqrt(max(0, places.shape[1] - others))
    if others < 0 or old < 1 or old**2 != places.shape[1] - others or places.shape[2] != shape[2]:
        return None
    changed = resample_abs_pos_embed(places.float(), [grid, grid], [old, old], others)
    return changed, f"from {old} × {old} to {grid} × {grid} patches"


def _relative(table: Tensor, shape: torch.Size) -> tuple[Tensor, str] | None:
    """Of (pair of places, attention head)."""
    if table.ndim != 2 or table.shape[1] != shape[1]:
        return None
    for others in (0, OF_CLASS_TOKEN):
        old, new = isqrt(max(0, len(table) - others)), isqrt(max(0, shape[0] - others))
        if old**2 == len(table) - others and new**2 == shape[0] - others and old % 2 and new % 2:
            window = (new + 1) // 2
            changed = resize_rel_pos_bias_table(table.float(), (window, window), tuple(shape))
            return changed, f"from windows of {(old + 1) // 2} to {window} patches"
    return None
