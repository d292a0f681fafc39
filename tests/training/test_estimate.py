from dataclasses import replace
from pathlib import Path

from dermxai.data import load_dataset
from dermxai.training.estimate import estimate
from dermxai.training.recipe import Recipe

RECIPE = Recipe(architecture="test_efficientnet", size=32, epochs=4, batch_size=8)


def test_counts_and_grows_with_what_is_asked(two_colours: Path):
    dataset = load_dataset(two_colours)
    small = estimate(dataset, RECIPE, "cpu")
    assert small.training_images + small.validation_images == 60
    assert small.steps == 4 * (small.training_images // 8)
    assert small.seconds > small.seconds_per_step * small.steps * 0.9
    large = estimate(dataset, replace(RECIPE, batch_size=16, size=64), "cpu")
    assert large.memory_bytes > 2 * small.memory_bytes
    accumulated = estimate(dataset, replace(RECIPE, accumulate=2), "cpu")
    assert accumulated.steps == small.steps / 2
    assert accumulated.memory_bytes == small.memory_bytes


def test_memory_of_weights_gradients_and_adam_is_in_it(two_colours: Path):
    """With one small image nearly all is what a weight needs: itself, its gradient, two moments,
    the average."""
    got = estimate(load_dataset(two_colours), replace(RECIPE, batch_size=1), "cpu")
    from dermxai.models.multi_head import MultiHeadNetwork

    weights = sum(p.nbytes for p in MultiHeadNetwork("test_efficientnet", 2, True).parameters())
    assert 5 * weights < got.memory_bytes < 5 * weights + 4e6
