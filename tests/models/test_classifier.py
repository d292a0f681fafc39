from pathlib import Path

import pytest
import timm
import torch

from dermxai.core.errors import InputError
from dermxai.models import load_classifier
from dermxai.models.multi_head import MultiHeadNetwork


def test_reference_network_has_the_papers_heads():
    with torch.device("meta"):
        network = MultiHeadNetwork("efficientnet_b4", 14, auxiliary=True)
    assert [head.channels for head in network.head_descriptions] == [
        24, 32, 56, 112, 160, 272, 448, 1792,
    ]  # fmt: skip
    assert network.head_descriptions[-1].name == "final"


def test_logits_are_each_heads_linear_function_of_its_pooled_map(tiny_checkpoint: Path):
    classifier = load_classifier(tiny_checkpoint)
    images = torch.randn(3, 3, 64, 64)
    output = classifier.infer(images, maps=True)
    channels = [head.channels for head in classifier.info.heads]
    assert output.logits.shape == (3, len(channels), 14)
    assert output.pooled.shape == (3, sum(channels))
    for index, pooled in enumerate(output.pooled.split(channels, dim=1)):
        torch.testing.assert_close(pooled, output.maps[index].mean((2, 3)))
        weight, bias = classifier.head_weights(index)
        torch.testing.assert_close(output.logits[:, index], pooled @ weight.T + bias)


def test_maps_only_on_request(tiny_checkpoint: Path):
    assert load_classifier(tiny_checkpoint).infer(torch.randn(1, 3, 64, 64)).maps == ()


def test_parameters_are_frozen_and_gradients_reach_the_image(tiny_checkpoint: Path):
    classifier = load_classifier(tiny_checkpoint)
    images = torch.randn(1, 3, 64, 64, requires_grad=True)
    (gradient,) = torch.autograd.grad(classifier(images).logits.sum(), images)
    assert gradient.abs().sum() > 0
    assert all(
        parameter.grad is None and not parameter.requires_grad
        for parameter in classifier.network.parameters()
    )


@pytest.mark.parametrize("architecture", ["efficientnet_b0", "resnet18", "inception_v3"])
def test_single_head_networks_equal_timms(architecture: str):
    torch.manual_seed(0)
    reference = timm.create_model(architecture, num_classes=5, drop_rate=0.0).eval()
    network = MultiHeadNetwork(architecture, 5, auxiliary=False).eval()
    network.backbone.load_state_dict(reference.state_dict(), strict=False)
    network.heads[0].load_state_dict(reference.get_classifier().state_dict())
    images = torch.randn(2, 3, 96, 96)
    with torch.inference_mode():
        torch.testing.assert_close(
            network(images).logits.sum(1), reference(images), rtol=1e-4, atol=1e-5
        )


@pytest.mark.parametrize(
    ("architecture", "auxiliary", "says"),
    [
        ("efficientnet_b44", False, "no network named"),
    ],
)
def test_networks_that_do_not_fit_are_refused(architecture: str, auxiliary: bool, says: str):
    with torch.device("meta"), pytest.raises(InputError, match=says):
        MultiHeadNetwork(architecture, 3, auxiliary)


@pytest.mark.parametrize("among_threads", [False, True])
def test_a_prepared_network_says_the_same_and_leaves_gradients_as_they_are(
    tiny_checkpoint, among_threads
):
    plain, ready = load_classifier(tiny_checkpoint), load_classifier(tiny_checkpoint)
    ready.prepare(among_threads)
    assert plain.without_gradients is None
    assert ready.without_gradients is not ready.network
    images = torch.randn(3, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    for number in (3, 1):
        expected = plain.infer(images[:number], maps=True)
        found = ready.infer(images[:number], maps=True)
        largest = expected.logits.abs().max()
        assert (found.logits - expected.logits).abs().max() <= 3e-6 * largest
        for one, other in zip(expected.maps, found.maps, strict=True):
            assert torch.allclose(one, other, rtol=1e-4, atol=1e-5 * float(one.abs().max()))
    wanted = images[:1].clone().requires_grad_()
    ready(wanted).logits.sum().backward()
    assert wanted.grad is not None and wanted.grad.abs().sum() > 0
    assert ready.to("cpu").without_gradients is None
