"""torchvision's networks under timm's names: the same outputs."""

from collections.abc import Mapping

import pytest
import timm
import torch
import torchvision.models as theirs
from torch import Tensor, nn

from dermxai.models.foreign.networks import find_backbone
from dermxai.models.foreign.signatures import matching_architectures

NETWORKS: Mapping[str, tuple[str, str]] = {
    "efficientnet_b0": ("efficientnet_b0", "classifier"),
    "efficientnet_v2_s": ("efficientnetv2_s", "classifier"),
    "mobilenet_v2": ("mobilenetv2_100", "classifier"),
    "mobilenet_v3_small": ("mobilenetv3_small_100", "classifier"),
    "convnext_tiny": ("convnext_tiny", "head.fc"),
    "vit_b_32": ("vit_base_patch32_224", "head"),
    "swin_t": ("swin_tiny_patch4_window7_224", "head.fc"),
    "swin_v2_t": ("swinv2_tiny_window8_256", "head.fc"),
    "maxvit_t": ("maxvit_tiny_tv_224", "head.fc"),
    "vgg11_bn": ("vgg11_bn", "head.fc"),
    "regnet_x_400mf": ("regnetx_004_tv", "head.fc"),
    "densenet121": ("densenet121", "classifier"),
    "resnet18": ("resnet18", "fc"),
}


@pytest.fixture(autouse=True)
def _few_threads():
    torch.manual_seed(0)


def drawn(name: str) -> nn.Module:
    """With values for which each layer matters."""
    network: nn.Module = getattr(theirs, name)(weights=None, num_classes=5)
    with torch.no_grad():
        for key, tensor in network.state_dict().items():
            if key.endswith("running_var"):
                tensor.uniform_(0.05, 0.2)
            elif key.endswith(("running_mean", "bias")):
                tensor.normal_(0, 0.05)
            elif tensor.ndim < 2 and tensor.is_floating_point():
                tensor.uniform_(0.3, 0.6)
            elif key.endswith("relative_position_bias_table"):
                tensor.normal_(0, 0.5)
            elif key.endswith("logit_scale"):
                tensor.uniform_(1, 3)
    return network.eval()


@pytest.mark.parametrize("name", NETWORKS)
def test_the_same_network(name: str):
    network = drawn(name)
    if name.startswith("vit"):
        nn.init.normal_(network.heads.head.weight, std=0.02)
    ours, head = NETWORKS[name]
    found = find_backbone(network.state_dict())
    assert found is not None
    assert ours in found.architectures
    assert not found.outside
    twin = timm.create_model(ours, num_classes=5).eval()
    found.rest.setdefault(f"{head}.bias", torch.zeros(5))  # MaxViT has none
    given = {**twin.state_dict(), **found.tensors, **found.rest}
    assert {n for n in given if n.startswith(f"{head}.")} == {f"{head}.weight", f"{head}.bias"}
    twin.load_state_dict(given)
    side = twin.default_cfg["input_size"][-1] if twin.default_cfg["fixed_input_size"] else 224
    image = torch.randn(1, 3, side, side)
    with torch.inference_mode():
        expected = network(image)
        assert expected.std() > 1e-3
        torch.testing.assert_close(twin(image), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["efficientnet_b5", "efficientnet_b4", "vit_b_16"])
def test_each_has_the_tensors_of_one_that_timm_has(name: str):
    with torch.device("meta"):
        network = getattr(theirs, name)(weights=None)
    assert find_backbone(network.state_dict()) is not None


def test_the_epsilon_of_batch_normalisation_is_made_up_for():
    network = drawn("mobilenet_v3_small")
    found = find_backbone(network.state_dict())
    assert found is not None
    before = network.state_dict()["features.0.1.running_var"]
    torch.testing.assert_close(found.tensors["bn1.running_var"] - before, before * 0 + 0.00099)


def test_resnet_as_a_numbered_sequence():
    network = theirs.resnet18(weights=None)
    numbered = nn.Sequential(*list(network.children())[:-1])
    found = find_backbone({f"features.{n}": t for n, t in numbered.state_dict().items()})
    assert found is not None and found.architectures[0] == "resnet18"
    assert torch.equal(found.tensors["layer4.1.conv2.weight"], network.layer4[1].conv2.weight)


def test_names_of_old_densenets():
    state = theirs.densenet121(weights=None).state_dict()
    old = {
        n.replace("norm1", "norm.1").replace("norm2", "norm.2")
        .replace("conv1", "conv.1").replace("conv2", "conv.2"): t
        for n, t in state.items()
    }  # fmt: skip
    found = find_backbone(old)
    assert found is not None and found.architectures[0] == "densenet121"


def test_shapes_of_no_network_are_none():
    def state(name: str) -> dict[str, Tensor]:
        with torch.device("meta"):
            return dict(getattr(theirs, name)(weights=None).state_dict())

    for name in ("vgg11", "mobilenet_v3_small", "swin_t", "convnext_tiny"):
        flat = {n: torch.zeros(3) for n in state(name)}
        assert find_backbone(flat) is None
        few = dict(list(flat.items())[:9])
        assert find_backbone(few) is None
    assert matching_architectures({}) == ()
