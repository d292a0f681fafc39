"""A network while it learns, as Lightning drives it: weights, their moving average, steps."""

from collections.abc import Callable, Mapping, Sequence
from typing import cast

import numpy as np
import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.core.optimizer import LightningOptimizer
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from numpy.typing import NDArray
from timm.data.mixup import Mixup
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from dermxai.core.errors import DivergenceError
from dermxai.data.transforms import Preprocessing
from dermxai.models.multi_head import MultiHeadNetwork
from dermxai.training.data.augment import augment
from dermxai.training.data.examples import log_priors, loss_weights
from dermxai.training.data.loading import Batch, seed_of
from dermxai.training.initial_network import initial_network
from dermxai.training.loop.losses import loss_of_votes
from dermxai.training.loop.unfreezing import stages
from dermxai.training.loop.validation import ValidationMetrics, confused, reached, watched_pair
from dermxai.training.recipe import Recipe

_RISE = 0.15  # share of the steps in which the learning rate rises
_SHORTEST_CYCLE = 7  # steps; a shorter one would begin at its end
_Tensors = tuple[Tensor, ...] | list[Tensor]


class Training(LightningModule):
    """Takes steps on batches of pixels; its moving average is what is validated and kept.

    Attributes:
        network: what learns.
        stages, never: see `unfreezing.stages`.
        reached: of the newest validation.
        loss: mean training loss of the newest epoch.
        learning_rate: of the newest step.
    """

    def __init__(
        self,
        recipe: Recipe,
        classes: Sequence[str],
        preprocessing: Preprocessing,
        training_labels: NDArray[np.int64],
        steps: int,
        *,
        units: NDArray[np.object_] | None = None,
    ) -> None:
        """
        Args:
            training_labels: class index of each training image.
            steps: of the optimiser in the whole training.
            units: the patient of each image, by its row; None: each is taken as independent.
        """
        super().__init__()
        self.recipe, self.classes, self.steps, self.units = recipe, classes, steps, units
        self.network = initial_network(recipe, classes)
        self.stages, self.never = stages(self.network, recipe.frozen_blocks)
        for layer in self.never:
            layer.requires_grad_(False)
        self.reached: ValidationMetrics | None = None
        self.loss = self.learning_rate = float("nan")
        self._losses: list[float] = []
        self._predicted: list[tuple[Tensor, ...]] = []
        self._average: list[AveragedModel] = []  # in a list: no part of the module's own state
        self._generator = torch.Generator()
        self._mixup: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]] | None = None
        if recipe.mixup or recipe.cutmix:
            self._mixup = Mixup(  # type: ignore[no-untyped-call]
                recipe.mixup, recipe.cutmix, label_smoothing=0, num_classes=len(classes)
            )
        per_class = {
            "_mean": torch.tensor(preprocessing.mean).view(1, 3, 1, 1),
            "_std": torch.tensor(preprocessing.std).view(1, 3, 1, 1),
            "_log_priors": torch.tensor(
                log_priors(training_labels, len(classes), recipe.balance)
            ).float(),
            "_class_weights": torch.tensor(
                loss_weights(training_labels, len(classes), recipe.class_weights, recipe.balance)
            ).float(),
        }
        for name, values in per_class.items():
            self.register_buffer(name, values, persistent=False)

    @property
    def averaged(self) -> MultiHeadNetwork:
        """The network with averaged weights; the network itself where there is no average."""
        average = self._average[0].module if self._average else self.network
        return cast(MultiHeadNetwork, average)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        recipe = self.recipe
        self.network.to(memory_format=torch.channels_last)
        if recipe.ema_decay:
            update = moving_average(recipe.ema_decay)
            self._average = [AveragedModel(self.network, multi_avg_fn=update, use_buffers=True)]
        groups = [
            {"params": [weight for layer in stage for weight in layer.parameters()]}
            for stage in self.stages
        ]
        optimiser: torch.optim.Optimizer
        if recipe.optimiser == "sgd":
            optimiser = torch.optim.SGD(
                groups,
                recipe.learning_rate,
                momentum=recipe.momentum,
                weight_decay=recipe.weight_decay,
            )
        else:
            optimiser = torch.optim.AdamW(
                groups, recipe.learning_rate, weight_decay=recipe.weight_decay
            )
        if recipe.unfreeze:
            return optimiser
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser,
            recipe.learning_rate,
            total_steps=max(self.steps, _SHORTEST_CYCLE),
            pct_start=_RISE,
            cycle_momentum=recipe.optimiser != "sgd",  # whose momentum is a setting
        )
        return {
            "optimizer": optimiser,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    def on_train_epoch_start(self) -> None:
        """What is random in an epoch depends on the seed, the epoch and the device's rank alone."""
        seed = seed_of(self.recipe.seed, self.current_epoch, self.global_rank)
        torch.manual_seed(seed)
        self._generator.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002  # timm's mixup draws from it
        self._losses.clear()

    def training_step(self, batch: Batch, _: int) -> Tensor:
        pixels, labels, _rows = batch
        size = self.recipe.size_at(self.current_epoch)
        images = augment(self._normalised(pixels), size, self._generator)
        targets = labels
        if self._mixup:
            images, targets = self._mixup(images, labels)
        logits = self.network(images.contiguous(memory_format=torch.channels_last)).logits
        loss = loss_of_votes(
            logits,
            targets,
            self.recipe,
            class_weights=self._buffer("_class_weights") if self.recipe.class_weights else None,
            log_priors=self._buffer("_log_priors"),
        )
        self._losses.append(loss.item())
        self._stop_unless_finite(self._losses[-1], "loss")
        self.learning_rate = self.trainer.optimizers[0].param_groups[0]["lr"]
        self.log("loss_by_step", self._losses[-1], batch_size=len(labels))
        return loss

    @property
    def newest_loss(self) -> float:
        """Of the newest step."""
        return self._losses[-1]

    def optimizer_step(
        self,
        epoch: int,
        batch_idx: int,
        optimizer: torch.optim.Optimizer | LightningOptimizer,
        optimizer_closure: Callable[[], object] | None = None,
    ) -> None:
        super().optimizer_step(epoch, batch_idx, optimizer, optimizer_closure)
        if self._average:
            self._average[0].update_parameters(self.network)

    def on_validation_epoch_start(self) -> None:
        self._predicted.clear()
        self.averaged.eval()
        if self.trainer.world_size > 1:  # each device has seen other images
            for buffer in (*self.network.buffers(), *self.averaged.buffers()):
                torch.distributed.broadcast(buffer, 0)

    def validation_step(self, batch: Batch, _: int) -> None:
        pixels, labels, rows = batch
        logits = self.averaged(self._normalised(pixels)).logits
        self._predicted.append((rows.cpu(), labels.cpu(), logits.float().cpu()))

    def on_validation_epoch_end(self) -> None:
        own = tuple(torch.cat(parts) for parts in zip(*self._predicted, strict=True))
        everyones = [(own, self._losses)]
        if self.trainer.world_size > 1:
            everyones = [everyones[0]] * self.trainer.world_size
            torch.distributed.all_gather_object(everyones, (own, self._losses))
        rows, labels, logits = (
            torch.cat(parts) for parts in zip(*(own for own, _ in everyones), strict=True)
        )
        order = rows.argsort()
        rows, labels, logits = rows[order], labels[order], logits[order]
        units = rows.numpy() if self.units is None else self.units[rows.numpy()]
        loss = loss_of_votes(logits, labels, self.recipe).item()
        self._stop_unless_finite(loss, "validation loss")
        self.loss = float(np.mean([value for _, losses in everyones for value in losses]))
        scores = logits.sum(1).double().numpy()
        self.reached = reached(scores, labels.numpy(), self.classes, loss, units)
        self.log_dict({"loss": self.loss, **self.reached.figures}, batch_size=len(labels))
        self.log("learning_rate", self.learning_rate, batch_size=len(labels))
        pair = watched_pair(self.recipe.watched, self.classes, self.reached.confusion)
        shares = confused(self.reached.confusion, self.classes, pair)
        self.log_dict(
            {f"confusion/{a} predicted as {b}": share for (a, b), share in shares.items()},
            batch_size=len(labels),
        )
        per_class = {f"sensitivity/{c}": v for c, v in self.reached.sensitivity.items()}
        self.log_dict(per_class, batch_size=len(labels))

    def on_save_checkpoint(self, checkpoint: dict[str, object]) -> None:
        checkpoint["average"] = [average.state_dict() for average in self._average]

    def on_load_checkpoint(self, checkpoint: Mapping[str, object]) -> None:
        self._kept_average = checkpoint["average"]

    def on_train_start(self) -> None:
        for average, state in zip(self._average, getattr(self, "_kept_average", []), strict=False):
            average.load_state_dict(state)

    def _stop_unless_finite(self, value: float, name: str) -> None:
        if not np.isfinite(value):
            raise DivergenceError(
                f"The {name} became {value} in epoch {self.current_epoch + 1}; lower learning_rate "
                f"(it is {self.recipe.learning_rate}) or use precision float32. The best and the "
                "last completed epoch are kept: start_from can take up either."
            )

    def _buffer(self, name: str) -> Tensor:
        return cast(Tensor, getattr(self, name))

    def _normalised(self, pixels: Tensor) -> Tensor:
        """(n, h, w, 3) uint8 → (n, 3, h, w) float."""
        images = pixels.to(self.device).permute(0, 3, 1, 2).float() / 255
        return (images - self._buffer("_mean")) / self._buffer("_std")


def moving_average(decay: float) -> Callable[[_Tensors, _Tensors, Tensor | int], None]:
    """Exponential moving average of weights that forgets faster in the first steps, so that few
    steps do not leave the random weights in it: the decay after n steps is at most
    (1 + n) / (10 + n), as TensorFlow's ``ExponentialMovingAverage`` has it."""

    def update(averaged: _Tensors, newest: _Tensors, steps: Tensor | int) -> None:
        now = min(decay, (1 + int(steps)) / (10 + int(steps)))
        get_ema_multi_avg_fn(now)(averaged, newest, steps)  # type: ignore[no-untyped-call]

    return update
