"""Batches of prepared images: which, in what order, and how they come to the device."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from dermxai.training.data.examples import draw_weights
from dermxai.training.recipe import Recipe

Rows = NDArray[np.int64]
Batch = tuple[Tensor, Tensor, Tensor]
"""Pixels (n, h, w, 3) uint8, class indices (n,), rows (n,)."""

VALIDATION_BATCH = 32  # at most; never more than a training batch, which is known to fit
WORKERS = 4  # processes that read ahead for a GPU


def seed_of(*parts: int) -> int:
    """A seed that differs in every part."""
    return int(np.random.SeedSequence(parts).generate_state(1)[0])


class Pictures(Dataset[Batch]):
    """Looked up by many rows at once."""

    def __init__(self, images: NDArray[np.uint8], labels: Rows) -> None:
        self._images, self._labels = images, labels

    def __getitem__(self, rows: Rows) -> Batch:
        order = np.sort(rows)  # in the order of the file
        pixels = torch.from_numpy(self._images[order])
        return pixels, torch.from_numpy(self._labels[order]), torch.from_numpy(order)


@dataclass
class Batches(Sampler[Rows]):
    """The training batches of an epoch, a function of the seed and the epoch alone.

    Without balance a permutation, images beyond the last whole batch left out; with balance drawn
    with replacement. Each of ``world`` devices has every ``world``-th batch, from its ``rank`` on.
    """

    rows: Rows
    labels: Rows
    recipe: Recipe
    rank: int = 0
    world: int = 1
    epoch: int = 0

    def __len__(self) -> int:
        return batches_an_epoch(len(self.rows), self.recipe, self.world)

    @property
    def images(self) -> int:
        """That all devices see together in an epoch."""
        return len(self) * self.world * self.recipe.batch_size

    def set_epoch(self, epoch: int) -> None:
        """Called by Lightning before each epoch."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[Rows]:
        rng = np.random.default_rng([self.recipe.seed, self.epoch])
        shape = (len(self), self.world, self.recipe.batch_size)
        if self.recipe.balance:
            weights = draw_weights(self.labels[self.rows], self.recipe.balance)
            order = rng.choice(self.rows, shape, p=weights / weights.sum())
        else:
            order = np.resize(rng.permutation(self.rows), shape)
        return iter(order[:, self.rank])


def batches_an_epoch(images: int, recipe: Recipe, world: int = 1) -> int:
    """Batches that each device sees in an epoch: as many as whole steps of the optimiser take,
    where there are enough."""
    batches = max(1, images // (recipe.batch_size * world))
    return batches - batches % recipe.accumulate if batches > recipe.accumulate else batches


def forward_passes_a_step(images: int, recipe: Recipe, world: int = 1) -> int:
    """Batches that a step of the optimiser takes: ``accumulate``, or all of an epoch with fewer."""
    return min(recipe.accumulate, batches_an_epoch(images, recipe, world))


def steps_an_epoch(images: int, recipe: Recipe, world: int = 1) -> int:
    """Steps of the optimiser in an epoch."""
    passes = forward_passes_a_step(images, recipe, world)
    return batches_an_epoch(images, recipe, world) // passes


def loader(
    pictures: Pictures, batches: Sampler[Rows] | Sequence[Rows], gpu: bool
) -> DataLoader[Batch]:
    """Hands over one batch after the other; for a GPU, workers read ahead into pinned memory."""
    workers = min(WORKERS, len(os.sched_getaffinity(0)) - 1) if gpu else 0
    return DataLoader(
        pictures,
        sampler=batches,
        batch_size=None,
        num_workers=workers,
        persistent_workers=workers > 0,
        pin_memory=gpu,
        generator=torch.Generator(),  # the global one is left alone
    )
