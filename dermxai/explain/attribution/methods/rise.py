"""RISE (Petsiuk, Das and Saenko 2018, arXiv:1806.07421), signed.

The image is seen through random masks: coarse grids of cells that stay or are covered, enlarged
bilinearly and shifted by up to a cell. A pixel's value is the mean of the target over the masks,
weighted by how much of the pixel each leaves. A logit has no zero, as the publication's
probability has; its mean over all masks is therefore taken off, which leaves differences between
pixels as they are, and the map of A against B is that of B against A turned round.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate
from typing_extensions import override

from dermxai.core.settings import Settings, setting
from dermxai.explain.attribution.baselines import CHOICES, HELP, MEAN, baseline
from dermxai.explain.attribution.method import AttributionMethod, Made, Progress, Target
from dermxai.explain.forward import Value
from dermxai.explain.memory import first_batch, halving

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier


class RiseSettings(Settings):
    masks: int = setting(1000, "Random masks; the publication takes 4000 and more", 30, 20_000)
    cells: int = setting(7, "Cells of a mask along a side, before it is enlarged", 2, 32)
    kept: int = setting(50, "Of the cells that stay, %", 5, 95)
    baseline: str = setting(MEAN, HELP, choices=CHOICES)
    seed: int = setting(0, "Of the random draws", 0, 2**31 - 1)


def random_masks(size: int, settings: RiseSettings) -> Iterator[Tensor]:
    """Masks (size, size) from 0, covered, to 1, seen; one after the other from a generator of their
    own, so that they do not depend on the batch."""
    draws = torch.Generator().manual_seed(settings.seed)
    cells = settings.cells
    side = -(-size // cells)  # of a cell, in pixels
    for _ in range(settings.masks):
        grid = (torch.rand(1, 1, cells, cells, generator=draws) < settings.kept / 100).float()
        top, left = torch.randint(side, (2,), generator=draws).tolist()
        enlarged = interpolate(grid, ((cells + 1) * side,) * 2, mode="bilinear")[0, 0]
        yield enlarged[top : top + size, left : left + size]


class Rise(AttributionMethod[RiseSettings]):
    @override
    def passes(self, classifier: "Classifier", settings: RiseSettings) -> int:
        return settings.masks

    @override
    def attribute(
        self,
        classifier: "Classifier",
        image: Tensor,
        target: Target,
        settings: RiseSettings,
        progress: Progress | None,
    ) -> Made:
        """The map (size, size) for an image (1, 3, size, size)."""
        image = image.to(classifier.device)
        covered = baseline(classifier, image, settings.baseline)

        def look(batch: int) -> Tensor:
            value = Value(classifier, target, progress, settings.masks)
            weighted = torch.zeros(image.shape[-2:], dtype=torch.float64)
            seen = torch.zeros_like(weighted)
            total = 0.0
            with torch.inference_mode():
                for some in _batches(random_masks(image.shape[-1], settings), batch):
                    through = some[:, None].to(image)  # (n, 1, size, size)
                    found = value(through * image + (1 - through) * covered).double().cpu()
                    weighted += torch.einsum("n,nhw->hw", found, some.double())
                    seen += some.sum(0, dtype=torch.float64)
                    total += float(found.sum())
            return (weighted - total / settings.masks * seen) / (
                settings.masks * settings.kept / 100
            )

        values, notes = halving(look, first_batch(classifier))
        map_: NDArray[np.float32] = values.float().numpy()
        return map_, notes


def _batches(masks: Iterator[Tensor], batch: int) -> Iterator[Tensor]:
    some: list[Tensor] = []
    for mask in masks:
        some.append(mask)
        if len(some) == batch:
            yield torch.stack(some)
            some = []
    if some:
        yield torch.stack(some)


RISE = Rise(
    name="rise",
    title="RISE",
    unit="logit gained where seen",
    note=(
        "The target's mean over random masks, weighted by how much of a pixel each leaves, less "
        "its mean over all masks."
    ),
    source="Petsiuk et al. 2018, arXiv:1806.07421",
    signed=True,
    complete=False,
    settings=RiseSettings,
)
