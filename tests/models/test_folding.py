import pytest
import torch
from timm.layers.std_conv import ScaledStdConv2d, StdConv2d
from torch import nn

from dermxai.models.folding import folded
from dermxai.models.multi_head import MultiHeadNetwork, Output


def settled(architecture: str, auxiliary: bool) -> MultiHeadNetwork:
    """Random weights with batch norms that do something."""
    torch.manual_seed(0)
    network = MultiHeadNetwork(architecture, 3, auxiliary)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, std=0.1)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            nn.init.uniform_(module.weight, 0.8, 1.2)
            nn.init.normal_(module.bias, std=0.1)
    return network.eval().requires_grad_(False)


@pytest.mark.parametrize(
    ("architecture", "auxiliary"),
    [("test_efficientnet", True), ("resnet18", False), ("efficientnet_b0", True)],
)
def test_a_folded_network_says_the_same(architecture: str, auxiliary: bool) -> None:
    network = settled(architecture, auxiliary)
    copy = folded(network, 64)
    images = torch.randn(2, 3, 64, 64)
    expected, found = network(images), copy(images)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in copy.modules())
    assert torch.allclose(found.logits, expected.logits, rtol=1e-4, atol=1e-5)
    assert torch.allclose(found.pooled, expected.pooled, rtol=1e-4, atol=1e-5)


def test_the_network_itself_keeps_its_normalisations() -> None:
    network = settled("test_efficientnet", auxiliary=True)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    folded(network, 64)
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


@pytest.mark.parametrize("architecture", ["eca_nfnet_l0", "resnetv2_50x1_bit"])
def test_weights_are_standardised_once(architecture: str) -> None:
    network = settled(architecture, auxiliary=False)
    standardising = (StdConv2d, ScaledStdConv2d)
    assert any(isinstance(module, standardising) for module in network.modules())
    copy = folded(network, 64)
    images = torch.randn(2, 3, 64, 64)
    assert not any(isinstance(module, standardising) for module in copy.modules())
    assert torch.allclose(copy(images).logits, network(images).logits, rtol=1e-4, atol=1e-5)


class Misdeclared(nn.Module):
    """Runs its normalisation before the convolution that is declared first."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)
        self.norm = nn.BatchNorm2d(3)
        nn.init.normal_(self.norm.running_mean)

    def forward(self, images: torch.Tensor) -> Output:
        pooled = self.conv(self.norm(images).relu()).mean((2, 3))
        return Output(pooled[:, None], pooled, ())


def test_a_network_in_another_order_than_declared_is_left_alone() -> None:
    network = Misdeclared().eval().requires_grad_(False)
    copy = folded(network, 8)
    images = torch.randn(2, 3, 8, 8)
    assert torch.equal(copy(images).pooled, network(images).pooled)
