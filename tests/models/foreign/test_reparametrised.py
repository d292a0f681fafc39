from collections.abc import Callable
from pathlib import Path

import pytest
import timm
import torch
from torch import nn
from torch.nn.utils import parametrizations, spectral_norm, weight_norm

from dermxai.models import load_classifier
from dermxai.models.foreign.reparametrised import multiplied_out


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
@pytest.mark.parametrize(
    ("normalise", "told"),
    [
        (weight_norm, "weight normalisation"),
        (parametrizations.weight_norm, "weight normalisation"),
        (spectral_norm, "spectral normalisation"),
        (parametrizations.spectral_norm, "spectral normalisation"),
    ],
)
@pytest.mark.parametrize("layer", [nn.Linear(6, 4), nn.Conv2d(3, 4, 3)])
def test_pytorchs_own_normalisations(
    layer: nn.Module, normalise: Callable[[nn.Module], nn.Module], told: str
) -> None:
    torch.manual_seed(0)
    made = nn.Sequential(normalise(_fresh(layer)))
    images = torch.randn(2, 6) if isinstance(layer, nn.Linear) else torch.randn(2, 3, 5, 5)
    for _ in range(3):  # the direction of the largest value is found step by step
        made(images)
    made.eval()
    found, said = multiplied_out(made.state_dict())
    assert set(found) == {"0.weight", "0.bias"} and said == f"{told} multiplied out"
    plain = nn.Sequential(_fresh(layer))
    plain.load_state_dict(found)
    with torch.no_grad():
        torch.testing.assert_close(plain(images), made(images), rtol=1e-5, atol=1e-6)


def _fresh(layer: nn.Module) -> nn.Module:
    return nn.Linear(6, 4) if isinstance(layer, nn.Linear) else nn.Conv2d(3, 4, 3)


@pytest.mark.parametrize(
    "tensors",
    [
        {"a.weight_g": torch.ones(4, 1)},
        {"a.weight_g": torch.ones(1, 6), "a.weight_v": torch.ones(4, 6)},
        {"a.weight_g": torch.ones(()), "a.weight_v": torch.ones(())},
        {"a.weight_g": torch.ones(4, 1), "a.weight_v": torch.ones(4, 6), "a.weight": torch.ones(4)},
        {"weight_orig": torch.ones(4, 6), "weight_u": torch.ones(6), "weight_v": torch.ones(4)},
        {"a.weight_orig": torch.ones(4), "a.weight_u": torch.ones(4), "a.weight_v": torch.ones(1)},
    ],
)  # fmt: skip
def test_what_is_of_other_shapes_stays(tensors: dict[str, torch.Tensor]) -> None:
    found, said = multiplied_out(tensors)
    assert found.keys() == tensors.keys() and said == ""


def test_a_classifier_with_a_normalised_head_opens(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = timm.create_model("resnet18", num_classes=3).eval()
    state = dict(network.state_dict())
    weight = state.pop("fc.weight")
    state |= {"fc.weight_g": weight.norm(dim=1, keepdim=True), "fc.weight_v": 3 * weight}
    torch.save(state, tmp_path / "a.pth")
    classifier = load_classifier(tmp_path / "a.pth")
    images = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        logits = classifier.infer(images).logits.sum(1)
        torch.testing.assert_close(logits, network(images), rtol=1e-4, atol=1e-5)
    assert classifier.info.origin["weights"] == "weight normalisation multiplied out"
