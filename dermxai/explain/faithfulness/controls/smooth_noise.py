"""A random map: noise in as many cells as wanted, smooth between them."""

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from dermxai.core.settings import Settings, setting
from dermxai.data.transforms import LARGEST
from dermxai.explain.faithfulness.measure import ControlMap


class SmoothNoiseSettings(Settings):
    cells: int = setting(8, "Cells across the image", 1, LARGEST)
    seed: int = setting(0, "Of the draw", 0, 2**31)


class SmoothNoise(ControlMap[SmoothNoiseSettings]):
    @override
    def drawn(self, settings: SmoothNoiseSettings) -> NDArray[np.float32]:
        """(cells, cells), independent standard normal values."""
        generator = np.random.default_rng(settings.seed)
        shape = (settings.cells, settings.cells)
        return generator.standard_normal(shape, dtype=np.float32)


SMOOTH_NOISE = SmoothNoise(
    name="smooth_noise",
    title="Random map",
    unit="standard deviations",
    note="Control map: noise as fine as the map that is evaluated.",
    signed=True,
    settings=SmoothNoiseSettings,
)
