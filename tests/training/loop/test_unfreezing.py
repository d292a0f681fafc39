from pathlib import Path

import pytest
import torch
from lightning.pytorch import Callback
from torch import nn

from dermxai.core.errors import InputError
from dermxai.data import load_dataset
from dermxai.models.multi_head import MultiHeadNetwork
from dermxai.training import fit as fitting
from dermxai.training.loop import process
from dermxai.training.loop.unfreezing import freeze, stages
from dermxai.training.recipe import Recipe

RECIPE = Recipe(
    architecture="test_efficientnet",
    size=32,
    epochs=4,
    batch_size=16,
    optimiser="sgd",
    unfreeze=True,
    ema_decay=0.0,
    colour_constancy="none",
)


def network(architecture: str, auxiliary: bool = True) -> MultiHeadNetwork:
    with torch.device("meta"):
        return MultiHeadNetwork(architecture, 14, auxiliary)


def names(stage: list[nn.Module], of: MultiHeadNetwork) -> list[str]:
    found = {id(module): name for name, module in of.named_modules()}
    return [found[id(layer)].removeprefix("backbone.") for layer in stage]


def test_b4_has_ten_stages_from_the_heads_to_the_first_layers():
    b4 = network("efficientnet_b4")
    learnable, never = stages(b4)
    assert [names(stage, b4) for stage in learnable] == [
        ["heads"],
        ["conv_head", "bn2"],
        *([f"blocks.{index}"] for index in reversed(range(7))),
        ["conv_stem", "bn1"],
    ]
    assert never == []


@pytest.mark.parametrize(
    "architecture",
    ["efficientnet_b4", "resnet101", "inception_v3", "densenet121", "test_convnext", "test_vit"],
)
def test_stages_hold_every_parameter_once(architecture: str):
    whole = network(architecture, auxiliary=False)
    learnable, _ = stages(whole)
    held = [id(weight) for stage in learnable for layer in stage for weight in layer.parameters()]
    assert len(held) == len(set(held))
    assert set(held) == {id(weight) for weight in whole.parameters()}


def test_frozen_layers_keep_their_batch_norms():
    whole = MultiHeadNetwork("test_efficientnet", 3, auxiliary=True)
    learnable, never = stages(whole)
    freeze(learnable, never, 2, whole)
    whole(torch.randn(4, 3, 32, 32)).logits.sum().backward()
    for index, stage in enumerate(learnable):
        for layer in stage:
            assert layer.training == (index < 2)
            for weight in layer.parameters():
                assert weight.requires_grad == (index < 2)
            for norm in (m for m in layer.modules() if isinstance(m, nn.BatchNorm2d)):
                assert (int(norm.num_batches_tracked) > 0) == (index < 2)


def test_too_many_frozen_blocks():
    with pytest.raises(InputError, match="7 blocks; 9 cannot"):
        stages(network("efficientnet_b4"), 9)


def test_what_learns_after_a_resume_is_what_learns_without(
    two_colours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    learning: dict[int, list[str]] = {}
    rates: dict[int, float] = {}

    class Noting(Callback):
        def on_train_batch_start(self, trainer, pl_module, batch, batch_idx) -> None:
            weights = pl_module.network.named_parameters()
            learning[trainer.current_epoch] = [name for name, w in weights if w.requires_grad]
            rates[trainer.current_epoch] = trainer.optimizers[0].param_groups[0]["lr"]

    trainer = process.trainer_of
    monkeypatch.setattr(process, "trainer_of", lambda p, w, more: trainer(p, w, [*more, Noting()]))
    dataset = load_dataset(two_colours)
    fitting.fit(dataset, RECIPE, tmp_path / "straight")
    straight = dict(learning), dict(rates)
    counts = [len(straight[0][epoch]) for epoch in range(RECIPE.epochs)]
    assert counts == sorted(counts) and counts[0] < counts[-1]
    learning.clear()

    def stop(phase: str, done: int, total: int, figures: dict[str, float]) -> None:
        if phase == "training" and figures["epoch"] == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fitting.fit(dataset, RECIPE, tmp_path / "resumed", stop)
    learning.clear()
    fitting.fit(dataset, RECIPE, tmp_path / "resumed")
    assert sorted(learning) == [2, 3]
    assert learning == {epoch: straight[0][epoch] for epoch in (2, 3)}
    assert rates == straight[1]


def test_first_layers_stay_while_later_ones_learn(two_colours: Path, tmp_path: Path):
    from dermxai.models import load_classifier

    recipe = RECIPE.replaced(unfreeze=False, epochs=1)
    first = fitting.fit(load_dataset(two_colours), recipe, tmp_path / "first")
    further = recipe.replaced(start_from=str(first), frozen_blocks=2)
    second = fitting.fit(load_dataset(two_colours), further, tmp_path / "second")
    before, after = (load_classifier(at).network.state_dict() for at in (first, second))
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    kept = ("backbone.conv_stem.", "backbone.bn1.", "backbone.blocks.0.", "backbone.blocks.1.")
    assert not [name for name in changed if name.startswith(kept)]
    assert [name for name in changed if name.startswith("backbone.blocks.2.")]
