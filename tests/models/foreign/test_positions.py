"""Positions for images of another size than a network was trained on."""

from pathlib import Path

import pytest
import timm
import torch
from timm.models.vision_transformer import checkpoint_filter_fn

from dermxai.core.errors import InputError
from dermxai.models import load_classifier
from dermxai.models.foreign.positions import resampled


def test_absolute_positions_are_resampled_as_timm_does_and_said(tmp_path: Path):
    torch.manual_seed(0)
    trained = timm.create_model("vit_tiny_patch16_224", num_classes=3)
    torch.nn.init.normal_(trained.pos_embed)
    torch.nn.init.normal_(trained.head.weight)
    torch.save(trained.state_dict(), tmp_path / "a.pth")
    other = timm.create_model("vit_tiny_patch16_224", num_classes=3, img_size=96).eval()
    other.load_state_dict(checkpoint_filter_fn(trained.state_dict(), other))
    classifier = load_classifier(tmp_path / "a.pth", size=96)
    images = torch.randn(2, 3, 96, 96)
    with torch.inference_mode():
        wanted = other(images)
        torch.testing.assert_close(classifier.infer(images).logits.sum(1), wanted)
    said = "resampled from 14 × 14 to 6 × 6 patches, as timm does"
    assert classifier.info.origin["positions"] == said
    assert "positions" not in load_classifier(tmp_path / "a.pth").info.origin


def test_relative_positions(tmp_path: Path):
    torch.manual_seed(0)
    tables = {"backbone.a.relative_position_bias_table": torch.randn(27 * 27 + 3, 4)}
    shape = torch.Size([11 * 11 + 3, 4])
    found, said = resampled(tables, dict.fromkeys(tables, shape), 96)
    (table,) = found.values()
    assert table.shape == shape and torch.isfinite(table).all()
    assert torch.equal(table[-3:], next(iter(tables.values()))[-3:])  # of the class token
    assert said == "resampled from windows of 14 to 6 patches, as timm does"
    same, none = resampled(tables, {n: t.shape for n, t in tables.items()}, 224)
    assert none == "" and all(torch.equal(same[n], t) for n, t in tables.items())


@pytest.mark.parametrize("tokens", [1, 150, 196])
def test_positions_of_no_square_are_refused(tmp_path: Path, tokens: int):
    state = timm.create_model("vit_tiny_patch16_224", num_classes=3).state_dict()
    state["pos_embed"] = torch.zeros(1, tokens, 192)
    torch.save(state, tmp_path / "a.pth")
    with pytest.raises(InputError, match="pos_embed"):
        load_classifier(tmp_path / "a.pth", size=96)
