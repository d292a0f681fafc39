import logging
import sys

import pytest
import torch
from torch import Tensor, nn

from dermxai.core.errors import InputError
from dermxai.models import Classifier, openvino_pass
from dermxai.models.multi_head import Output
from dermxai.models.openvino_pass import check, compiled, library
from dermxai.runs.forward import forward_pass
from tests.explain.networks import random_classifier

CPU = torch.device("cpu")
HAS_BFLOAT16 = torch.ops.mkldnn._is_mkldnn_bf16_supported()


def drawn(count: int) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (count, 64, 64, 3), dtype=torch.uint8, generator=generator)


@pytest.mark.parametrize("architecture", ["test_efficientnet", "test_convnext", "test_vit"])
def test_it_gives_what_pytorch_gives(architecture: str) -> None:
    classifier, images = random_classifier(architecture), drawn(5)
    exact = forward_pass(classifier, CPU, torch.float32, 2)(images)
    found = compiled(classifier, torch.float32, 2)(images)
    for wanted, got in zip(exact, found, strict=True):
        assert got.dtype == torch.float32 and got.shape == wanted.shape
        assert (wanted - got).abs().max() < 1e-4 * wanted.abs().max()


@pytest.mark.skipif(not HAS_BFLOAT16, reason="This processor has no units for bfloat16.")
def test_in_bfloat16_it_is_close_and_neighbours_change_nothing() -> None:
    classifier, images = random_classifier("test_efficientnet"), drawn(5)
    exact = forward_pass(classifier, CPU, torch.float32, 2)(images)
    run = compiled(classifier, torch.bfloat16, 2)
    found, alone = run(images), run(images[4:])
    for wanted, got, one in zip(exact, found, alone, strict=True):
        assert 0 < (wanted - got).abs().max() < 0.05 * wanted.abs().max()
        assert torch.equal(got[4:], one)


def test_the_classifier_stays_as_it_is() -> None:
    classifier = random_classifier("test_efficientnet")
    before = {key: value.clone() for key, value in classifier.network.state_dict().items()}
    compiled(classifier, torch.float32, 1)
    after = classifier.network.state_dict()
    assert all(torch.equal(value, after[key]) for key, value in before.items())
    assert not classifier.network.training


def test_nothing_is_reported_to_its_makers() -> None:
    library()
    compiled(random_classifier("test_vit"), torch.float32, 1)
    assert "openvino.tools.ovc.telemetry_stub" in sys.modules
    assert not [name for name in sys.modules if name.startswith("openvino_telemetry")]


class Random(nn.Module):
    """Gives another value each time, so that no copy agrees."""

    def forward(self, images: Tensor) -> Output:
        pooled = images.mean((2, 3)) + torch.rand(len(images), 3)
        return Output(pooled[:, None], pooled, ())


class Unknown(nn.Module):
    """Of an operator that OpenVINO does not know."""

    def forward(self, images: Tensor) -> Output:
        pooled = torch.special.bessel_j0(images.mean((2, 3)))
        return Output(pooled[:, None], pooled, ())


@pytest.mark.parametrize("network", [Random(), Unknown()])
def test_what_it_cannot_compute_is_refused(network: nn.Module) -> None:
    classifier = random_classifier("test_vit")
    network.capabilities = classifier.capabilities
    wrong = Classifier(network, classifier.info, "wrong", classifier.path)
    level = logging.getLogger().level
    with pytest.raises(InputError, match=r"OpenVINO .* test_vit; leave the engine out"):
        compiled(wrong, torch.float32, 1)
    assert logging.getLogger().level == level


@pytest.mark.parametrize(
    ("device", "dtype", "said"),
    [("meta", torch.float32, "on a CPU here, not on meta"), ("cpu", torch.float16, "in float16")],
)
def test_what_does_not_go_with_it_is_said(device: str, dtype: torch.dtype, said: str) -> None:
    with pytest.raises(InputError, match=said):
        check(random_classifier("test_vit"), torch.device(device), dtype)


def test_a_processor_without_bfloat16_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openvino_pass, "BFLOAT16", "no_such_operator")
    with pytest.raises(InputError, match="no units for bfloat16"):
        check(random_classifier("test_vit"), CPU, torch.bfloat16)
    check(random_classifier("test_vit"), CPU, torch.float32)


def test_where_it_is_not_installed_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(InputError, match=r"dermxai\[openvino\]"):
        check(random_classifier("test_vit"), CPU, torch.float32)
