"""How a network is trained: plain settings that are saved with the checkpoint."""

from dataclasses import dataclass, field, fields
from typing import Any

from dermxai.data.transforms import COLOUR_CONSTANCY
from dermxai.errors import InputError


def _setting(default: Any, text: str, low: float | None = None, high: float | None = None) -> Any:
    return field(default=default, metadata={"help": text, "low": low, "high": high})


@dataclass(frozen=True)
class Recipe:
    """Settings of one training run, from random weights or from those of a checkpoint.

    The augmentation is the paper's (Zhu et al. 2021, Methods): rotation within ±30° and both flips
    at 50 %. The image side grows from ``start_size`` to ``size`` over the first part of the run
    (progressive learning, Tan and Le 2021, arXiv:2104.00298), which spares time on small machines.
    """

    architecture: str = _setting("efficientnet_b4", "Backbone, by its timm name")
    auxiliary: bool = _setting(True, "One auxiliary head after each stage votes too")
    size: int = _setting(380, "Image side in pixels", 32, 1024)
    start_size: int = _setting(0, "Image side of the first epoch; 0: as the last", 0, 1024)
    epochs: int = _setting(20, "Passes over the training images", 1, 1000)
    batch_size: int = _setting(32, "Images a step", 1, 1024)
    learning_rate: float = _setting(2e-3, "Peak learning rate (AdamW, one cosine cycle)", 1e-6, 1.0)
    weight_decay: float = _setting(0.02, "Weight decay", 0.0, 1.0)
    head_loss: float = _setting(
        0.5, "Weight of the heads' own mean loss beside the sum's", 0.0, 10.0
    )
    balance: float = _setting(
        0.5, "0: classes as frequent as they are; 1: all equally often", 0.0, 1.0
    )
    label_smoothing: float = _setting(0.05, "Label smoothing", 0.0, 0.5)
    drop_rate: float = _setting(0.2, "Dropout before the heads", 0.0, 0.9)
    drop_path_rate: float = _setting(0.1, "Stochastic depth", 0.0, 0.9)
    ema_decay: float = _setting(
        0.995, "Decay a step of the averaged weights that are kept", 0.0, 0.9999
    )
    colour_constancy: str = _setting("shades_of_gray", "Colour constancy before the network")
    start_from: str = _setting("", "Checkpoint whose weights to start from; empty: random ones")
    frozen_blocks: int = _setting(0, "The stem and so many first blocks keep their weights", 0, 100)
    seed: int = _setting(0, "Seed of weights, order and augmentation", 0, 2**31 - 1)

    def __post_init__(self) -> None:
        for setting in fields(self):
            value, bounds = getattr(self, setting.name), setting.metadata
            if bounds["low"] is not None and not bounds["low"] <= value <= bounds["high"]:
                raise InputError(
                    f"{setting.name} is {value}; expected a value from {bounds['low']} to "
                    f"{bounds['high']}."
                )
        if self.colour_constancy not in COLOUR_CONSTANCY:
            raise InputError(
                f"colour_constancy is {self.colour_constancy!r}; expected one of "
                f"{', '.join(COLOUR_CONSTANCY)}."
            )

    def size_at(self, epoch: int) -> int:
        """Image side in an epoch: linear over the first 70 % of the run, in steps of 32 pixels."""
        if not self.start_size or self.start_size >= self.size:
            return self.size
        share = min(1.0, epoch / max(1.0, 0.7 * self.epochs))
        grown = self.start_size + share * (self.size - self.start_size)
        return self.size if share == 1.0 else int(grown // 32) * 32
