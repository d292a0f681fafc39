"""Forward passes of a run's images flipped."""

from collections.abc import Callable

import numpy as np
import torch

from dermxai.core import disk
from dermxai.core.errors import InputError
from dermxai.data.images import read_image
from dermxai.models import Classifier
from dermxai.models.devices import usable_device
from dermxai.runs.files import RunFiles
from dermxai.runs.flips import FLIPS
from dermxai.runs.forward import forward_pass, part_size
from dermxai.runs.run import Run

Progress = Callable[[int, int], None]

_BATCH = 16


def infer_flips(
    run: Run,
    classifier: Classifier,
    *,
    device: str | None = None,
    progress: Progress | None = None,
) -> None:
    """Three forward passes for each image of a run; what they give is kept with the run.

    Args:
        classifier: that made the run.
        device: as torch names it; a GPU where there is one.
        progress: called with images done and in all.

    Raises:
        InputError: another classifier made the run, or an image cannot be read or has changed.
    """
    run.check_classifier(classifier)
    preprocessing, chosen = classifier.info.preprocessing, usable_device(device)
    part = part_size(preprocessing.size, _BATCH, chosen)
    forward = forward_pass(classifier, chosen, torch.float32, part)
    made = np.empty((len(run), len(FLIPS), len(run.classes)), np.float32)
    ids = run.samples["sample_id"].astype(str).tolist()
    for start in range(0, len(run), _BATCH):
        if progress:
            progress(start, len(run))
        rows = range(start, min(start + _BATCH, len(run)))
        prepared = []
        for row in rows:
            run.check_image(ids[row])
            image = read_image(
                run.samples["path"].iloc[row], profiles=preprocessing.colour_profiles
            )
            prepared.append(torch.from_numpy(np.ascontiguousarray(preprocessing.prepare(image))))
        images = torch.stack(prepared)  # (row, size, size, 3)
        for place, axes in enumerate(FLIPS):
            logits, _ = forward(torch.flip(images, axes))  # (row, head, class)
            made[rows.start : rows.stop, place] = logits.sum(dim=1).float().cpu().numpy()
    if not np.isfinite(made).all():
        raise InputError("The network's output of a flipped image is not a finite number.")
    with disk.replacing(RunFiles(run.root).flips) as path, path.open("wb") as file:
        np.savez(file, logits=made)
