import pytest
import timm
import torch

from dermxai.models.backbone import averages_last_map, feature_maps, parts, stage_modules
from dermxai.models.multi_head import MultiHeadNetwork


@pytest.mark.parametrize(
    "architecture",
    [
        "resnet10t",
        "regnety_002",
        "legacy_xception",
        "mobilenetv2_050",
        "convnext_atto",
        "lcnet_050",
    ],
)
def test_what_is_said_of_its_end_holds_for_its_numbers(architecture: str):
    torch.manual_seed(0)
    backbone = timm.create_model(architecture, num_classes=5).train()
    says = averages_last_map(backbone)
    assert backbone.training
    backbone.eval()
    images = torch.randn(2, 3, 96, 96)
    classifier = backbone.get_classifier()
    with torch.inference_mode():
        averages = backbone.forward_features(images).mean((2, 3))
        fits = averages.shape[1] == classifier.in_features
        same = fits and torch.allclose(classifier(averages), backbone(images), atol=1e-4)
        assert averages_last_map(backbone) == says
    assert says == same == (architecture not in {"convnext_atto", "lcnet_050"})


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
    for head, map_ in zip(network.head_descriptions[:-1], output.maps, strict=False):
        assert torch.equal(seen[head.name], map_), head.name
    for index, map_ in enumerate(output.maps):
        torch.testing.assert_close(
            output.logits[:, index], network.heads[index](map_.mean((2, 3))), rtol=1e-4, atol=1e-5
        )


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
