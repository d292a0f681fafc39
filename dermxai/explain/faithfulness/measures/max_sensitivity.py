"""Max-sensitivity (Yeh et al. 2019, arXiv:1901.09392, equation 3) by Captum, which divides the
change's norm by that of the map, max ‖Φ(x + δ) − Φ(x)‖ / ‖Φ(x)‖.

Captum takes the maps as a tuple, one tensor an input; a bare tensor it would take apart by rows."""

from typing import TYPE_CHECKING

import torch
from captum.metrics import sensitivity_max
from torch import Tensor
from typing_extensions import override

from dermxai.core.settings import Settings, setting
from dermxai.explain.attribution.method import Progress
from dermxai.explain.faithfulness.measure import Candidate, Case, Measure, Score

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier


class MaxSensitivitySettings(Settings):
    samples: int = setting(3, "Noisy images", 1, 50)
    radius: float = setting(0.02, "Largest change of a normalised colour", 0.001, 0.5)


class MaxSensitivity(Measure[MaxSensitivitySettings]):
    @override
    def passes(
        self, classifier: "Classifier", map_passes: int, settings: MaxSensitivitySettings
    ) -> int:
        return (settings.samples + 1) * map_passes

    @override
    def measure(
        self,
        case: Case,
        candidate: Candidate,
        settings: MaxSensitivitySettings,
        progress: Progress | None,
    ) -> Score:
        if not candidate.values.any():
            return Score.undefined("The map is zero everywhere.")
        generator = torch.Generator().manual_seed(case.seed)
        done = 0

        def disturbed(images: Tensor, radius: float) -> Tensor:
            return images + radius * (2 * torch.rand(images.shape, generator=generator) - 1)

        def explained(images: Tensor | tuple[Tensor, ...]) -> tuple[Tensor]:
            nonlocal done
            if progress:
                progress(min(done, settings.samples), settings.samples + 1)
            done += 1
            image = images if isinstance(images, Tensor) else images[0]
            with torch.enable_grad():  # Captum computes measures without
                return (torch.from_numpy(candidate.again(image=image))[None],)

        value = sensitivity_max(
            explained,
            case.image,
            disturbed,
            settings.radius,
            settings.samples,
            max_examples_per_batch=1,
        )
        return Score(float(value))


MAX_SENSITIVITY = MaxSensitivity(
    name="max_sensitivity",
    title="Max-sensitivity",
    source="Yeh et al. 2019, arXiv:1901.09392",
    note="The largest change of the map, relative to its size, under noise that nobody sees.",
    unit="relative change",
    higher=False,
    settings=MaxSensitivitySettings,
    compared=False,
    version=2,
)
