import pytest
import torch
from torch import nn

from dermxai.models import fusing
from dermxai.models.folding import folded
from dermxai.models.fusing import FusedConvolution, fused
from dermxai.models.multi_head import Output
from tests.models.test_folding import settled


@pytest.mark.parametrize(
    ("architecture", "auxiliary"),
    [("test_efficientnet", True), ("resnet18", False), ("efficientnet_b0", True)],
)
def test_a_fused_network_says_the_same(architecture: str, auxiliary: bool) -> None:
    network = folded(settled(architecture, auxiliary), 64)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    copy = fused(network, 64)
    assert any(isinstance(module, FusedConvolution) for module in copy.modules())
    for images in (torch.randn(2, 3, 64, 64), torch.randn(5, 3, 64, 64)):
        expected, found = network(images), copy(images)
        assert torch.allclose(found.logits, expected.logits, rtol=1e-4, atol=1e-5)
        assert torch.allclose(found.pooled, expected.pooled, rtol=1e-4, atol=1e-5)
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


class Unordered(nn.Module):
    """Declares an activation after the convolution, and never runs it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)
        self.act = nn.SiLU()

    def forward(self, images: torch.Tensor) -> Output:
        pooled = self.conv(images).mean((2, 3))
        return Output(pooled[:, None], pooled, ())


def test_a_network_in_another_order_than_declared_is_left_alone() -> None:
    network = Unordered().eval().requires_grad_(False)
    assert fused(network, 8) is network


def test_without_the_operators_it_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fusing, "OPERATOR", "no_such_operator")
    network = folded(settled("test_efficientnet", auxiliary=True), 64)
    assert fused(network, 64) is network
