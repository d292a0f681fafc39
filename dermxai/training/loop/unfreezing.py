"""Which layers learn in an epoch: a function of the epoch alone.

An optimiser's parameter group a stage from the start; frozen layers are in evaluation mode, so that
their batch norms keep their statistics. Freezing waits until DDP has wrapped the module, which
must have seen every parameter learn.
"""

from lightning.pytorch import Callback, Trainer
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from dermxai.core.errors import InputError
from dermxai.models.backbone import parts
from dermxai.models.multi_head import MultiHeadNetwork
from dermxai.training.recipe import Recipe

Stage = list[nn.Module]


def stages(network: MultiHeadNetwork, frozen_blocks: int = 0) -> tuple[list[Stage], Stage]:
    """The network's stages that may learn, the heads first and the first layers last, and the
    layers that never do. For B4: the heads; conv_head and bn2; blocks 7 to 1; conv_stem and bn1.

    Raises:
        InputError: ``frozen_blocks`` leaves no layer of the backbone to learn.
    """
    layers: list[Stage] = []
    plain = False
    for _, child in parts(network.backbone):
        was_plain, plain = plain, isinstance(child, nn.Conv2d | nn.LayerNorm | _BatchNorm)
        if (was_plain and plain) or isinstance(child, nn.ParameterList):
            layers[-1].append(child)
        else:
            layers.append([child])
    count = frozen_blocks + 1 if frozen_blocks else 0
    blocks = len(layers) - 1 - hasattr(network.backbone, "conv_head")  # beside stem and end
    if frozen_blocks > blocks:
        raise InputError(
            f"{network.architecture} has {blocks} blocks; {frozen_blocks} cannot be frozen."
        )
    frozen = [layer for stage in layers[:count] for layer in stage]
    return [[network.heads], *reversed(layers[count:])], frozen


def freeze(learnable: list[Stage], never: Stage, learning: int, network: MultiHeadNetwork) -> None:
    """Lets the first ``learning`` stages learn and no other layer."""
    network.train()
    for index, stage in enumerate([*learnable, never]):
        learns = index < learning and index < len(learnable)
        for layer in stage:
            layer.requires_grad_(learns)
            layer.train(learns)


class Unfreezing(Callback):
    """Sets what learns, and with ``unfreeze`` how fast, when an epoch begins."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe

    def on_train_epoch_start(self, trainer: Trainer, pl_module: object) -> None:
        from dermxai.training.loop.module import Training

        assert isinstance(pl_module, Training)
        epoch, learnable = trainer.current_epoch, pl_module.stages
        learning = self.recipe.learning_stages_at(epoch, len(learnable))
        freeze(learnable, pl_module.never, learning, pl_module.network)
        if self.recipe.unfreeze:
            rate = self.recipe.learning_rate_at(epoch, len(learnable))
            for group in trainer.optimizers[0].param_groups:
                group["lr"] = rate
