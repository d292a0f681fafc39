"""A bell in the middle of the image: dermoscopic lesions lie there, so this is a strong guess."""

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from dermxai.core.settings import Settings, setting
from dermxai.explain.faithfulness.measure import ControlMap

_CELLS = 64


class CentredGaussianSettings(Settings):
    deviation: float = setting(0.2, "Standard deviation as a share of the side", 0.05, 1.0)


class CentredGaussian(ControlMap[CentredGaussianSettings]):
    @override
    def drawn(self, settings: CentredGaussianSettings) -> NDArray[np.float32]:
        """(64, 64), 1 in the middle."""
        centres = (np.arange(_CELLS) + 0.5) / _CELLS - 0.5
        bell = np.exp(-((centres / settings.deviation) ** 2) / 2)
        return np.outer(bell, bell).astype(np.float32)


CENTRED_GAUSSIAN = CentredGaussian(
    name="centred_gaussian",
    title="Centred Gaussian",
    unit="share of the peak",
    note="Control map: highest in the centre of the image.",
    signed=False,
    settings=CentredGaussianSettings,
)
