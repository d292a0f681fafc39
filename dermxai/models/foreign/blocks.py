"""What renaming needs of the blocks of mobile networks."""

import re
from collections.abc import Mapping

from torch import Tensor


def by_width(tensors: Mapping[str, Tensor], pattern: str) -> dict[int, str]:
    """Blocks that are numbered through as timm numbers them, "stage.block": a stage ends where the
    blocks' output gets wider or narrower.

    Args:
        pattern: of the names of the weights that make the blocks' outputs; its group is the number.
    """
    widths = {
        int(match[1]): tensor.shape[0]
        for name, tensor in tensors.items()
        if (match := re.match(pattern, name))
    }
    places: dict[int, str] = {}
    stage, block, last = -1, 0, None
    for index, width in sorted(widths.items()):
        stage, block = (stage, block + 1) if width == last else (stage + 1, 0)
        places[index], last = f"{stage}.{block}", width
    return places


def with_epsilon(
    tensors: Mapping[str, Tensor], *, trained: float, ours: float = 1e-5
) -> dict[str, Tensor]:
    """Running variances such that batch normalisation by ``ours`` gives what it gave by the epsilon
    that the network was trained with: both add it to the variance."""
    return {
        name: tensor + (trained - ours) if name.endswith("running_var") else tensor
        for name, tensor in tensors.items()
    }
