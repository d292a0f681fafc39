import pytest
import torch
from torch import Tensor, nn

from dermxai.core.errors import InputError
from dermxai.models.foreign.heads import linear_head


def state(head: nn.Module, name: str = "fc") -> dict[str, Tensor]:
    return {f"{name}.{key}": tensor for key, tensor in head.state_dict().items()}


@pytest.mark.parametrize("name", ["fc", "cls_head", "head.layers.last", "anything"])
@pytest.mark.parametrize("bias", [True, False])
def test_dropout_before_the_linear_layer_changes_nothing(name: str, bias: bool):
    head = nn.Sequential(nn.Dropout(0.5), nn.Linear(6, 3, bias=bias)).eval()
    found = linear_head(state(head, name), 6, "a.pth")
    features = torch.randn(5, 6)
    torch.testing.assert_close(features @ found.weight.T + found.bias, head(features))
    assert not found.note and not found.unused


@pytest.mark.parametrize("affine", [True, False])
def test_batch_normalisation_before_it_becomes_part_of_it(affine: bool):
    torch.manual_seed(0)
    norm = nn.BatchNorm1d(6, affine=affine)
    head = nn.Sequential(norm, nn.Dropout(), nn.Linear(6, 3)).train()
    for _ in range(20):
        head(torch.randn(9, 6) * 3 + 1)
    if affine:
        nn.init.normal_(norm.weight)
        nn.init.normal_(norm.bias)
    head.eval()
    found = linear_head(state(head), 6, "a.pth")
    features = torch.randn(5, 6)
    expected = head(features)
    torch.testing.assert_close(features @ found.weight.T + found.bias, expected)
    plain = features @ head[2].weight.T + head[2].bias
    assert not torch.allclose(plain, expected, atol=0.1)
    assert "batch normalisation fc.0" in found.note


def test_a_convolution_of_one_pixel_is_linear():
    head = nn.Conv2d(6, 3, 1)
    assert linear_head(state(head), 6, "a.pth").weight.shape == (3, 6)


@pytest.mark.parametrize(
    ("head", "complaint"),
    [
        (nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3)),
         "hidden layers .fc.0 6 → 5, fc.2 5 → 3"),
        (nn.Sequential(nn.Linear(12, 3)), r"fc.0 12 → 3\) does not take the 6 features"),
        (nn.Sequential(nn.Linear(6, 3), nn.BatchNorm1d(3)), r"normalisations \(fc.1\) elsewhere"),
        (nn.Sequential(nn.LayerNorm(6), nn.Linear(6, 3)), r"layers that are neither.*fc.0"),
        (nn.ModuleDict({"a": nn.Linear(6, 3), "b": nn.Linear(6, 2)}),
         "2 heads .fc.a 6 → 3, fc.b 6 → 2"),
        (nn.ReLU(), "no classifier layer"),
    ],
)  # fmt: skip
def test_other_heads_are_refused_by_naming_them(head: nn.Module, complaint: str):
    with pytest.raises(InputError, match=complaint):
        linear_head(state(head), 6, "a.pth")


def test_what_lies_beside_the_head_is_told():
    beside = {"criterion.weight": torch.ones(3), "n_averaged": torch.tensor(4)}
    found = linear_head(state(nn.Linear(6, 3)) | beside, 6, "a.pth")
    assert found.unused == ("criterion.weight", "n_averaged")
    decoder = {"decoder.conv.weight": torch.ones(4, 6, 1, 1)}
    assert linear_head(state(nn.Linear(6, 3)) | decoder, 6, "a.pth").weight.shape == (3, 6)
