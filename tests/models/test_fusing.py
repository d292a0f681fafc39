import pytest
import torch
from timm.layers.squeeze_excite import SEModule
from timm.models._efficientnet_blocks import SqueezeExcite
from torch import nn

from dermxai.models import fusing
from dermxai.models.folding import folded
from dermxai.models.fusing import (
    FusedConvolution,
    FusedExcitation,
    FusedLinear,
    fused,
    fused_as_known,
    fuses_bfloat16,
)
from dermxai.models.graph import traced
from dermxai.models.multi_head import MultiHeadNetwork, Output
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
    assert not any(isinstance(module, FusedExcitation) for module in copy.modules())
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


@pytest.mark.parametrize(
    "architecture",
    ["test_vit", "test_vit2", "test_vit3", "test_convnext", "swin_tiny_patch4_window7_224"],
)
def test_linear_layers_of_transformers_are_fused_and_say_the_same(architecture: str):
    torch.manual_seed(0)
    network = MultiHeadNetwork(architecture, 5, auxiliary=False, size=64).eval()
    fast = fused(network, 64)
    assert any(isinstance(module, FusedLinear) for module in fast.modules())
    images = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        expected, found = network(images, maps=True), fast(images, maps=True)
        graph = traced(network, 64)
        assert graph is not network
        recorded_logits = graph(images).logits
    largest = expected.logits.abs().max()
    assert (found.logits - expected.logits).abs().max() <= 1e-5 * largest
    assert (recorded_logits - expected.logits).abs().max() <= 1e-5 * largest
    assert torch.allclose(found.maps[-1], expected.maps[-1], rtol=1e-3, atol=1e-4)


def test_linear_layers_of_networks_that_pool_and_end_stay_to_the_bit():
    torch.manual_seed(0)
    network = MultiHeadNetwork("mobilevit_xxs", 5, auxiliary=False, size=64).eval()
    assert any(isinstance(module, torch.nn.Linear) for module in network.backbone.modules())
    assert not any(isinstance(module, FusedLinear) for module in fused(network, 64).modules())


def test_in_bfloat16_it_says_the_same_up_to_rounding() -> None:
    network = folded(settled("test_efficientnet", auxiliary=True), 64)
    assert fuses_bfloat16(network, 64) == torch.ops.mkldnn._is_mkldnn_bf16_supported()
    if not fuses_bfloat16(network, 64):
        pytest.skip("This processor has no operators for bfloat16.")
    images = torch.randn(4, 3, 64, 64)
    with torch.inference_mode():
        exact = network(images).logits
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d):
                layer.to(torch.bfloat16)
        copy = fused_as_known(network)
        assert any(isinstance(module, FusedConvolution) for module in copy.modules())
        rounded, found = network(images.bfloat16()).logits, copy(images.bfloat16()).logits
    unit = exact.abs().max()
    assert (found - exact).abs().max() < max(0.02 * unit, 2 * (rounded - exact).abs().max())
    assert not torch.equal(found, exact)


def test_in_bfloat16_another_order_is_told_before_it_is_rounded() -> None:
    assert not fuses_bfloat16(Unordered().eval().requires_grad_(False), 8)


@pytest.mark.parametrize("kind", [SqueezeExcite, SEModule])
def test_squeeze_and_excitation_is_fused_where_it_is_timms_own(kind: type[nn.Module]) -> None:
    class Other(kind):
        """Does more than what it comes from."""

    torch.manual_seed(0)
    layers = nn.Sequential(kind(16), Other(16)).eval().requires_grad_(False)
    copy = fused_as_known(layers)
    assert isinstance(copy[0], FusedExcitation) and isinstance(copy[1], Other)
    images = torch.randn(3, 16, 7, 5).to(memory_format=torch.channels_last)
    assert torch.allclose(copy(images), layers(images), rtol=1e-5, atol=1e-6)


def test_excitation_that_reads_maxima_too_is_left_alone() -> None:
    layers = nn.Sequential(SEModule(16, add_maxpool=True)).eval().requires_grad_(False)
    assert isinstance(fused_as_known(layers)[0], SEModule)
