"""Time left, on a clock that is set by hand."""

import math

import pytest

from dermxai.training.loop.remaining_time import RemainingTime
from dermxai.training.recipe import Recipe

BATCHES, VALIDATED = 20, 4.0


class Machine:
    """Trains by the clock: seconds of a batch are a fixed part and one that grows with pixels and
    with the layers that learn."""

    def __init__(self, recipe: Recipe, stages: int = 1, fixed: float = 0.0) -> None:
        self.now, self.recipe, self.stages, self.fixed = 0.0, recipe, stages, fixed
        self.pace = RemainingTime(recipe, BATCHES, VALIDATED, stages, clock=lambda: self.now)

    def batch(self, epoch: int) -> float:
        learning = self.recipe.learning_stages_at(epoch, self.stages) / self.stages
        return self.fixed + (self.recipe.size_at(epoch) / 100) ** 2 * (1 + 2 * learning) / 3

    @property
    def rest(self) -> float:
        return VALIDATED * (self.recipe.size / 100) ** 2 / 3

    def run(self, first: int = 0) -> list[tuple[int, int, float, float]]:
        """Epoch, batch, what was left and what the pace says, at each batch."""
        told, at = [], []
        for epoch in range(first, self.recipe.epochs):
            for batch in range(BATCHES):
                self.now += self.batch(epoch)
                self.pace.batch(epoch, batch)
                told.append((epoch, batch, self.pace.left()))
                at.append(self.now)
            self.now += self.rest
        return [(*each, self.now - when) for each, when in zip(told, at, strict=True)]


def off(rows: list[tuple[int, int, float, float]], epoch: int, batch: int) -> float:
    """How far what was told is from what was left, as a share of it."""
    told, left = next(row[2:] for row in rows if row[:2] == (epoch, batch))
    return told / left - 1


@pytest.mark.parametrize("first", [0, 3])
def test_images_that_grow_are_reckoned_with_from_the_second_batch_on(first: int) -> None:
    rows = Machine(Recipe(size=256, start_size=64, epochs=12)).run(first)
    assert math.isnan(rows[0][2]), "one batch, with the warming up, tells nothing"
    for epoch, batch, _, _ in rows[1:]:
        assert abs(off(rows, epoch, batch)) < 0.02, (epoch, batch)
    machine = Machine(Recipe(size=256, start_size=64, epochs=12))
    pace_so_far = machine.batch(first) * (12 * BATCHES - first * BATCHES - 10)
    assert pace_so_far < 0.9 * rows[9][3], "which would be told too little"


def test_a_fixed_part_is_learnt_once_two_sizes_were_seen() -> None:
    recipe = Recipe(size=256, start_size=64, epochs=12)
    rows = Machine(recipe, fixed=3.0).run()
    seen = next(row[0] for row in rows if recipe.size_at(row[0]) > 64)
    for epoch, batch, _, _ in rows:
        if epoch > seen:
            assert abs(off(rows, epoch, batch)) < 0.05, (epoch, batch)


def test_layers_that_begin_to_learn_are_reckoned_with() -> None:
    rows = Machine(Recipe(size=128, epochs=20, unfreeze=True), stages=10).run()
    assert abs(off(rows, 1, 0)) < 0.05
    assert abs(off(rows, 10, 5)) < 0.02


def test_a_slow_first_batch_tells_nothing() -> None:
    machine = Machine(Recipe(size=64, epochs=2))
    machine.now = 500.0
    rows = machine.run()
    assert abs(off(rows, 0, 5)) < 0.02


def test_time_passes_between_batches() -> None:
    machine = Machine(Recipe(size=64, epochs=1))
    for batch in range(BATCHES):
        machine.now += machine.batch(0)
        machine.pace.batch(0, batch)
    before = machine.pace.left()
    machine.now += before / 2
    assert machine.pace.left() == pytest.approx(before / 2)
    machine.now += 10 * before
    assert machine.pace.left() == 0
