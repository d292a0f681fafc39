"""State dicts as timm saves them, of all families: by day some in turn, all in ``.ci/nightly``."""

from pathlib import Path

import pytest
import timm
import torch

from dermxai.models import load_classifier
from tests.models.test_families import ALL, FAMILIES, in_turn

ALWAYS = ("deit_tiny_distilled_patch16_224",)  # a head for each of two tokens
TWINS = {"tf_efficientnet_lite0": "efficientnet_lite0"}  # the same tensors, other paddings


@pytest.mark.parametrize("architecture", [*ALWAYS, *(FAMILIES if ALL else in_turn()[::4])])
def test_a_state_dict_of_timm_opens_with_its_logits(tmp_path: Path, architecture: str):
    torch.manual_seed(0)
    network = timm.create_model(architecture, num_classes=3).eval()
    for weights in network.parameters():
        if weights.ndim == 2 and not weights.any():  # a head that timm begins at zero
            torch.nn.init.normal_(weights, std=0.1)
    torch.save(network.state_dict(), tmp_path / "a.pth")
    for named in (architecture, None):
        classifier = load_classifier(tmp_path / "a.pth", architecture=named)
        found = classifier.info.architecture
        if named is None and found == TWINS.get(architecture):
            assert architecture in classifier.info.origin["architecture"]
            continue
        assert found == architecture
        side = classifier.info.preprocessing.size
        images = torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(1))
        with torch.inference_mode():
            expected, logits = network(images), classifier.infer(images).logits.sum(1)
        torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-4)
        assert logits.std() > 0
