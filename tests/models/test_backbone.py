import pytest
import timm
import torch

from dermxai.core.errors import InputError
from dermxai.models.backbone import feature_maps, parts, stage_modules
from dermxai.models.capabilities import AVERAGE, AVERAGE_NORM
from dermxai.models.multi_head import MultiHeadNetwork

AVERAGING = ("resnet10t", "regnety_002", "legacy_xception", "mobilenetv2_050")
TAILS = dict.fromkeys(AVERAGING, AVERAGE) | {
    "convnext_atto": AVERAGE_NORM,
    "lcnet_050": "",
    "vit_tiny_patch16_224": "",
    "test_vit2": AVERAGE_NORM,
    "deit_tiny_distilled_patch16_224": "",
}


@pytest.mark.parametrize("architecture", TAILS)
def test_what_is_said_of_its_end_holds_for_its_numbers(architecture: str):
    torch.manual_seed(0)
    whole = timm.create_model(architecture, num_classes=5).eval()
    network = MultiHeadNetwork(architecture, 5, auxiliary=False).eval()
    known = network.capabilities
    side = timm.get_pretrained_cfg(architecture).input_size[-1] if known.fixed_size else 96
    last = whole.get_classifier()
    both = last if isinstance(last, tuple) else (last,)
    with torch.no_grad():
        for (
            parameter
        ) in whole.parameters():  # layer norms begin with 1 and 0, which would hide them
            if parameter.ndim == 1:
                parameter.normal_(0.5, 0.1)
        given = whole.state_dict()
        network.backbone.load_state_dict({n: given[n] for n in network.backbone.state_dict()})
        network.heads[0].weight.copy_(torch.cat([each.weight for each in both], 1) / len(both))
        network.heads[0].bias.copy_(sum(each.bias for each in both) / len(both))
    images = torch.randn(2, 3, side, side)
    with torch.inference_mode():
        output, expected = network(images, maps=True), whole(images)
        torch.testing.assert_close(output.logits[:, 0], expected, rtol=1e-4, atol=1e-4)
        averages = output.maps[-1].mean((2, 3))
        constant = network.constant()
        if constant is not None:
            averages = averages + constant
        fits = averages.shape == output.pooled.shape
        same = fits and torch.allclose(averages, output.pooled, atol=1e-4)
    assert same == bool(known.decomposition)
    assert known.decomposition == TAILS[architecture]
    assert bool(known.no_decomposition) != same


@pytest.mark.parametrize(
    ("architecture", "channels"),
    [
        ("resnet10t", [64, 64, 128, 256, 512]),
        ("regnety_002", [32, 24, 56, 152, 368]),
        ("nfnet_l0", [64, 256, 512, 1536, 2304, 2304]),
        ("mobilenetv2_050", [8, 16, 16, 32, 48, 80, 160, 1280]),
    ],
)
def test_any_network_whose_stages_timm_names_has_a_head_at_each(
    architecture: str, channels: list[int]
):
    torch.manual_seed(0)
    network = MultiHeadNetwork(architecture, 5, auxiliary=True).eval()
    assert [head.channels for head in network.head_descriptions] == channels
    assert network.head_descriptions[-1].name == "final"
    images, seen = torch.randn(1, 3, 96, 96), {}
    for name, module in stage_modules(network.backbone).items():
        module.register_forward_hook(lambda _m, _i, out, name=name: seen.update({name: out}))
    with torch.inference_mode():
        output = network(images, maps=True)
        end = network.backbone.forward_features(images)
    assert torch.equal(output.maps[-1], end)
    assert torch.equal(output.flatten(), output.logits.sum(dim=1)[0])
    for head, map_ in zip(network.head_descriptions[:-1], output.maps, strict=False):
        assert torch.equal(seen[head.name], map_), head.name
    for index, map_ in enumerate(output.maps):
        torch.testing.assert_close(
            output.logits[:, index], network.heads[index](map_.mean((2, 3))), rtol=1e-4, atol=1e-5
        )


@pytest.mark.parametrize(
    ("architecture", "names"),
    [
        ("test_convnext", ["stages.0", "stages.1", "stages.2", "final"]),
        ("test_vit", ["blocks.0", "blocks.2", "blocks.3", "final"]),
        ("swinv2_cr_tiny_224", None),
    ],
)
def test_transformers_and_convnexts_learn_with_a_head_at_each_stage(
    architecture: str, names: list[str] | None
):
    torch.manual_seed(0)
    network = MultiHeadNetwork(architecture, 3, auxiliary=True, size=64)
    if names is not None:
        assert [head.name for head in network.head_descriptions] == names
    images = torch.randn(2, 3, 64, 64)
    output = network(images, maps=True)
    assert len(output.maps) == len(network.heads) >= 4
    for head, map_ in zip(network.head_descriptions[:-1], output.maps, strict=False):
        assert map_.shape[1] == head.channels
        assert map_.shape[2] == map_.shape[3] > 1
    for index, head in enumerate(network.heads[:-1]):
        expected = head(output.maps[index].mean((2, 3)))
        torch.testing.assert_close(output.logits[:, index], expected, rtol=1e-4, atol=1e-5)
    torch.nn.functional.cross_entropy(output.logits.sum(1), torch.tensor([0, 1])).backward()
    without = [n for n, each in network.named_parameters() if each.grad is None]
    assert without == []


def test_an_image_whose_edge_no_patch_would_see_is_refused():
    with torch.device("meta"), pytest.raises(InputError, match="take a size of 96 or 112"):
        MultiHeadNetwork("vit_tiny_patch16_224", 3, auxiliary=False, size=100)
    with torch.device("meta"), pytest.raises(InputError, match="it is made for 224 × 224"):
        MultiHeadNetwork("efficientformer_l1", 3, auxiliary=False, size=256)


def test_stages_are_told_without_weights():
    with torch.device("meta"):
        network = MultiHeadNetwork("resnet101", 14, auxiliary=True)
    assert [head.name for head in network.head_descriptions] == [
        "act1", "layer1", "layer2", "layer3", "final",
    ]  # fmt: skip
    with torch.device("meta"):
        maps = feature_maps(network.backbone, torch.zeros(1, 3, 64, 64))
    assert [tuple(map_.shape[2:]) for map_ in maps] == [(32, 32), (16, 16), (8, 8), (4, 4), (2, 2)]


@pytest.mark.parametrize(
    ("architecture", "some"),
    [
        ("test_efficientnet", ["conv_stem", "block 1", "conv_head"]),
        ("resnet10t", ["conv1", "layer4"]),
        ("densenet121", ["conv0", "denseblock1", "transition3", "norm5"]),
        ("test_vit", ["patch_embed", "tokens", "block 1", "norm"]),
        ("test_convnext", ["stem", "block 1", "head"]),
    ],
)
def test_parts_hold_every_parameter_once(architecture: str, some: list[str]):
    backbone = timm.create_model(architecture, num_classes=0)
    found = parts(backbone)
    held = [id(weight) for _, part in found for weight in part.parameters()]
    assert sorted(held) == sorted(id(weight) for weight in backbone.parameters())
    names = [name for name, _ in found]
    assert [name for name in names if name in some] == some
    assert len(set(names)) == len(names)
