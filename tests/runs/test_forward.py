import pytest
import torch

from dermxai.runs.forward import PRECISIONS, forward_pass, part_size
from tests.explain.networks import random_classifier


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
@pytest.mark.parametrize("architecture", ["resnet10t", "test_convnext", "test_vit", "test_vit2"])
def test_lower_precisions_are_close_for_every_kind_of_network(
    architecture: str, precision: str
) -> None:
    classifier, device = random_classifier(architecture), torch.device("cpu")
    images = torch.randint(0, 256, (3, 64, 64, 3), dtype=torch.uint8)
    exact, read = forward_pass(classifier, device, torch.float32, 2)(images)
    rounded = forward_pass(classifier, device, PRECISIONS[precision], 2)(images)
    near = 0.05 if precision == "bfloat16" else 0.01
    assert rounded[0].dtype == rounded[1].dtype == torch.float32
    for one, other in zip((exact, read), rounded, strict=True):
        assert 0 < (one - other).abs().max() < near * one.abs().max()


def test_parts_of_half_the_bytes_hold_twice_the_images() -> None:
    cpu = torch.device("cpu")
    whole, half = (part_size(160, 1000, cpu, dtype) for dtype in (torch.float32, torch.bfloat16))
    assert part_size(160, 1000, cpu) == whole >= 8 and abs(half - 2 * whole) <= 1
    assert part_size(160, 3, cpu, torch.bfloat16) == 3
    assert part_size(1024, 9, cpu, torch.bfloat16) >= 1
