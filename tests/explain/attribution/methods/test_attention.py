"""Attention rollout and gradient-weighted attention relevance, against the definitions written out
with every matrix on a transformer that is computed here, step by step."""

from pathlib import Path

import numpy as np
import pytest
import torch

from dermxai.data.transforms import Preprocessing
from dermxai.explain.attribution.api import explain, find_target, methods, prepared
from dermxai.explain.attribution.attention import AVERAGED
from dermxai.explain.forward import twin
from dermxai.models import Classifier, ModelInfo
from dermxai.models.multi_head import MultiHeadNetwork
from tests.verification import verified

SIDE = 96
CLASSES = ("MN", "MEL", "BCC")
NETWORKS = {"test_vit": "class token", "test_vit3": "attention", "test_vit2": "average"}


def transformer(architecture: str, auxiliary: bool = False) -> Classifier:
    torch.manual_seed(0)
    network = MultiHeadNetwork(architecture, len(CLASSES), auxiliary, size=SIDE)
    with torch.no_grad():
        for parameter in network.parameters():  # attention far from even
            parameter.normal_(0, 0.3)
    info = ModelInfo(architecture, network.head_descriptions, CLASSES, Preprocessing(SIDE))
    return Classifier(network, info, architecture, Path(architecture))


def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)


def written_out(
    classifier: Classifier, image: torch.Tensor, index: int
) -> tuple[torch.Tensor, list[torch.Tensor], list[torch.Tensor]]:
    """The logit, and attention weights and their gradients of all layers (head, token, token), from
    weights alone."""
    backbone = classifier.network.backbone
    x = backbone.patch_embed(image)
    x = backbone.norm_pre(backbone.patch_drop(backbone._pos_embed(x)))
    kept = []
    for block in backbone.blocks:
        attention = block.attn
        normed = block.norm1(x)
        count, width = normed.shape[1:]
        split = (1, count, 3, attention.num_heads, width // attention.num_heads)
        q, k, v = attention.qkv(normed).reshape(split).permute(2, 0, 3, 1, 4)
        q, k = attention.q_norm(q), attention.k_norm(k)
        weights = torch.softmax(q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5, -1)
        weights.requires_grad_()
        kept.append(weights)
        mixed = (weights @ v).transpose(1, 2).reshape(1, count, width)
        x = x + block.ls1(attention.proj(attention.norm(mixed)))
        x = x + block.ls2(block.mlp(block.norm2(x)))
    pooled = backbone.forward_head(backbone.norm(x))
    logit = classifier.network.heads[-1](pooled)[0, index]
    gradients = torch.autograd.grad(logit, kept)
    return logit, [each[0].detach() for each in kept], [each[0] for each in gradients]


def read(classifier: Classifier, matrix: torch.Tensor) -> np.ndarray:
    prefix = classifier.network.backbone.num_prefix_tokens
    row = matrix[0] if classifier.capabilities.class_token else matrix[prefix:].mean(0)
    side = SIDE // 16
    return row[prefix:].reshape(side, side).numpy()


@pytest.mark.parametrize(("architecture", "reads"), NETWORKS.items())
def test_against_the_definitions_with_every_matrix(architecture: str, reads: str):
    classifier, image = transformer(architecture), picture()
    known = classifier.capabilities
    assert known.class_token == (reads == "class token")
    assert len(known.attention) == len(classifier.network.backbone.blocks) >= 2
    tensor = prepared(classifier, image)
    logit, weights, gradients = written_out(classifier, tensor, 0)
    torch.testing.assert_close(
        logit, classifier.infer(tensor).logits[0, 0, 0], rtol=1e-4, atol=1e-4
    )
    same = torch.eye(weights[0].shape[-1])

    rollout = same
    for each in weights:
        rollout = (each.mean(0) + same) / 2 @ rollout
    torch.testing.assert_close(rollout.sum(1), torch.ones(len(same)))
    relevance = same
    for each, gradient in zip(weights, gradients, strict=True):
        relevance = relevance + (gradient * each).clamp(min=0).mean(0) @ relevance
    expected = {
        "attention_rollout": read(classifier, rollout),
        "attention_relevance": read(classifier, relevance - same),
    }
    for name, values in expected.items():
        made = explain(classifier, image, name, "MN")
        verified(
            f"Map: {methods()[name].title}",
            "the definition, with every attention matrix written out",
            made.native,
            values,
            tolerance=1e-3,
            relative=True,
        )
        np.testing.assert_allclose(made.native, values, rtol=1e-3, atol=1e-6 * values.max())
        assert np.ptp(values) > 0
        assert (AVERAGED in made.notes) == (reads != "class token")


def test_the_row_of_a_head_at_a_block_ends_there():
    classifier, image = transformer("test_vit", auxiliary=True), picture()
    heads = [head.name for head in classifier.info.heads]
    assert heads[0].startswith("blocks.")
    for name in ("attention_rollout", "attention_relevance"):
        early, final = (
            explain(classifier, image, name, "MN", head=head) for head in heads[:: len(heads) - 1]
        )
        assert early.native.shape == final.native.shape
        assert not np.allclose(early.native, final.native)
        assert AVERAGED in early.notes
        assert AVERAGED not in final.notes
        assert explain(classifier, image, name, "MN").head == "final"


def test_the_shared_network_and_its_twins_attend_as_before():
    classifier = transformer("test_vit")
    tensor = prepared(classifier, picture())
    before = classifier.infer(tensor).logits
    for name in ("attention_rollout", "attention_relevance"):
        method = methods()[name]

        def stop(*_: int) -> None:
            raise KeyboardInterrupt

        target = find_target(classifier, "MN")
        with pytest.raises(KeyboardInterrupt):
            method.attribute(classifier, tensor, target, method.settings(), stop)
        method.attribute(classifier, tensor, target, method.settings(), None)
    assert torch.equal(classifier.infer(tensor).logits, before)
    with twin(classifier) as network:
        for some in (classifier.network, network):
            assert all(block.attn.fused_attn for block in some.backbone.blocks)
            assert not any(module._forward_hooks for module in some.modules())


@pytest.mark.parametrize("architecture", ["test_convnext", "resnet10t", "swinv2_cr_tiny_224"])
def test_networks_without_such_layers_say_so(architecture: str):
    with torch.device("meta"):
        known = MultiHeadNetwork(architecture, 3, False).capabilities
    for name in ("attention_rollout", "attention_relevance"):
        assert "attend to each other" in (methods()[name].is_compatible(known) or "")
