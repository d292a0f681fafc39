import pytest
import torch
from torch import nn

from dermxai.models import load_classifier
from dermxai.models.graph import Graph, traced
from dermxai.models.multi_head import Output


def test_a_pass_lets_other_threads_have_the_interpreter(tiny_checkpoint):
    """None of its operators is a call of a Python module."""
    classifier = load_classifier(tiny_checkpoint).prepare(among_threads=True)
    graph = classifier.without_gradients
    assert isinstance(graph, Graph)
    calls: list[str] = []
    for module in classifier.network.modules():
        module.register_forward_hook(lambda *_: calls.append("called"))
    images = torch.rand(2, 3, 64, 64)
    for _ in range(3):
        classifier.infer(images, maps=True)
    assert calls == []


class Fickle(nn.Module):
    """Decides by what it sees, which no recording knows."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(3, 2)

    def forward(self, images: torch.Tensor, maps: bool = False) -> Output:
        pooled = images.mean((2, 3))
        if bool((images != 0).any()):  # not in the recording, whose image is black
            pooled = pooled + 5
        return Output(self.head(pooled)[:, None], pooled, (images,) if maps else ())


class Unrecordable(Fickle):
    def forward(self, images: torch.Tensor, maps: bool = False) -> Output:
        raise RuntimeError("no")


@pytest.mark.parametrize("kind", [Fickle, Unrecordable])
@pytest.mark.filterwarnings("ignore")
def test_what_would_change_is_left_as_it_is(kind: type[nn.Module]):
    network = kind().eval()
    assert traced(network, 32) is network
