"""A network while it learns: its weights and their moving average, optimiser and schedule."""

from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from dermxai.data.transforms import Preprocessing
from dermxai.errors import InputError
from dermxai.models.checkpoint import check_fit, load_classifier
from dermxai.models.multi_head import MultiHeadNetwork
from dermxai.paths import replacing
from dermxai.training.augment import augment
from dermxai.training.recipe import Recipe

MAX_GRADIENT_NORM = 5.0
PREDICTION_BATCH = 32


class Learner:
    """Takes steps on batches of images; its moving average is what is validated and kept."""

    def __init__(
        self,
        recipe: Recipe,
        n_classes: int,
        steps: int,
        preprocessing: Preprocessing,
        device: torch.device,
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.device = device
        self.network = MultiHeadNetwork(
            recipe.architecture,
            n_classes,
            recipe.auxiliary,
            drop_rate=recipe.drop_rate,
            drop_path_rate=recipe.drop_path_rate,
        )
        if recipe.start_from:
            _take_weights(self.network, recipe.start_from)
        self.network.to(device).to(memory_format=torch.channels_last)
        self._frozen = _first_layers(self.network, recipe.frozen_blocks)
        for layer in self._frozen:
            layer.requires_grad_(False)
        decay = get_ema_multi_avg_fn(recipe.ema_decay)  # type: ignore[no-untyped-call]
        self._average = AveragedModel(self.network, multi_avg_fn=decay, use_buffers=True)
        learning = [weight for weight in self.network.parameters() if weight.requires_grad]
        self.optimiser = torch.optim.AdamW(
            learning, recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser, recipe.learning_rate, total_steps=steps, pct_start=0.15
        )
        self._mean, self._std = (
            torch.tensor(values, device=device).view(1, 3, 1, 1)
            for values in (preprocessing.mean, preprocessing.std)
        )

    @property
    def averaged(self) -> MultiHeadNetwork:
        """The network with averaged weights."""
        return cast(MultiHeadNetwork, self._average.module)

    def step(
        self, pixels: NDArray[np.uint8], labels: Tensor, size: int, generator: torch.Generator
    ) -> float:
        """One augmented step on images (n, h, w, 3) with class indices (n,); returns the loss,
        without having learnt from it where it is not finite."""
        self.network.train()
        for layer in self._frozen:
            layer.eval()
        images = augment(self._normalised(pixels), size, generator)
        logits = self.network(images.to(memory_format=torch.channels_last)).logits
        loss = loss_of_votes(logits, labels.to(self.device), self.recipe)
        if torch.isfinite(loss):
            self.optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(self.network.parameters(), MAX_GRADIENT_NORM)
            self.optimiser.step()
            self.schedule.step()
            self._average.update_parameters(self.network)
        return loss.item()

    @torch.inference_mode()
    def logits(self, images: NDArray[np.uint8], rows: NDArray[np.int64]) -> Tensor:
        """Logits (n, head, class) of the averaged network for rows of the images, on the CPU."""
        self.averaged.eval()
        parts = np.array_split(rows, max(1, len(rows) // PREDICTION_BATCH))
        return torch.cat(
            [self.averaged(self._normalised(images[part])).logits.cpu() for part in parts]
        )

    def save(self, path: Path, progress: dict[str, Any]) -> None:
        """Keeps all that is needed to go on."""
        state = {
            "network": self.network.state_dict(),
            "average": self._average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "schedule_step": self.schedule.last_epoch,
            "progress": progress,
        }
        with replacing(path) as temporary:
            torch.save(state, temporary)

    def restore(self, path: Path) -> dict[str, Any]:
        """Goes back to what was saved; returns the progress that was saved with it."""
        state = torch.load(path, weights_only=True, map_location=self.device)
        self.network.load_state_dict(state["network"])
        self._average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.schedule.last_epoch = state["schedule_step"]
        return cast(dict[str, Any], state["progress"])

    def _normalised(self, pixels: NDArray[np.uint8]) -> Tensor:
        images = torch.from_numpy(np.ascontiguousarray(pixels)).to(self.device)
        return (images.permute(0, 3, 1, 2).float() / 255 - self._mean) / self._std


def _take_weights(network: MultiHeadNetwork, checkpoint: str) -> None:
    """
    Raises:
        InputError: no checkpoint, or one of another network.
    """
    given = load_classifier(checkpoint).network.state_dict()
    check_fit({k: v.shape for k, v in network.state_dict().items()}, given, Path(checkpoint))
    network.load_state_dict(given)


def _first_layers(network: MultiHeadNetwork, blocks: int) -> list[nn.Module]:
    """The stem and the first ``blocks`` stages; none for 0.

    Raises:
        InputError: the network has fewer stages.
    """
    if not blocks:
        return []
    stages = list(getattr(network.backbone, "blocks", []))
    if blocks > len(stages):
        raise InputError(
            f"{network.architecture} has {len(stages)} blocks; {blocks} cannot be frozen."
        )
    return [network.backbone.conv_stem, network.backbone.bn1, *stages[:blocks]]


def loss_of_votes(logits: Tensor, labels: Tensor, recipe: Recipe) -> Tensor:
    """Cross-entropy of the summed logits plus ``head_loss`` times the heads' mean cross-entropy.

    Args:
        logits: (n, head, class).
        labels: (n,) indices.
    """
    smoothing = recipe.label_smoothing
    loss = functional.cross_entropy(logits.sum(1), labels, label_smoothing=smoothing)
    n_heads = logits.shape[1]
    if n_heads == 1:
        return loss
    own = functional.cross_entropy(
        logits.flatten(0, 1), labels.repeat_interleave(n_heads), label_smoothing=smoothing
    )
    return loss + recipe.head_loss * own
