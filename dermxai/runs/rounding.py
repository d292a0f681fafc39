"""What a lower precision, or another engine than PyTorch, changes in a run, measured on some of its
images."""

from contextlib import closing

import numpy as np
import torch

from dermxai.data import Dataset
from dermxai.models import Classifier
from dermxai.runs.assembly import with_rounding
from dermxai.runs.forward import OPENVINO, forward_pass, part_size
from dermxai.runs.manifest import Rounding
from dermxai.runs.prefetch import batches
from dermxai.runs.run import Run

IMAGES = 32


def is_rounded(run: Run) -> bool:
    """Whether a run was computed otherwise than in float32 by PyTorch."""
    settings = run.manifest.get("settings", {})
    return settings.get("engine") == OPENVINO or settings.get("precision") != "float32"


def measure_rounding(run: Run, classifier: Classifier, dataset: Dataset) -> Run:
    """Computes some images of a run in float32 by PyTorch on a CPU, and keeps how far its summed
    logits lie from these; the run itself where none of the images can be read any more."""
    known, names = set(run.samples["sample_id"]), dataset.samples["sample_id"]
    rows = np.flatnonzero(names.isin(known))
    rows = rows[np.unique(np.linspace(0, len(rows) - 1, min(IMAGES, len(rows)), dtype=int))]
    cpu, preprocessing = torch.device("cpu"), classifier.info.preprocessing
    part = part_size(preprocessing.size, IMAGES, cpu)
    forward = forward_pass(classifier, cpu, torch.float32, part)
    exact, sample_ids = [], []
    parts = [range(row, row + 1) for row in rows]
    with closing(batches(dataset, preprocessing, parts, workers=1)) as stream:
        for batch in stream:
            if not batch.reasons[0]:
                exact.append(forward(batch.images)[0].sum(1).double().numpy()[0])
                sample_ids.append(names.iloc[batch.rows[0]])
    if not exact:
        return run
    wanted, found = np.stack(exact), run.scores[run.index(sample_ids)].astype(np.float64)
    apart = np.abs(wanted - found)
    rounding: Rounding = {
        "images": len(wanted),
        "same_top1": int((wanted.argmax(1) == found.argmax(1)).sum()),
        "mean_difference": float(apart.mean()),
        "largest_difference": float(apart.max()),
        "range": float(np.ptp(wanted)),
    }
    return with_rounding(run, rounding)


def in_words(rounding: Rounding) -> str:
    """A sentence."""
    return (
        f"Beside float32 by PyTorch, {rounding['same_top1']} of {rounding['images']} images keep "
        f"their class; logits differ by {rounding['mean_difference']:.2g} on average and by "
        f"{rounding['largest_difference']:.2g} at most, of a range of {rounding['range']:.3g}."
    )
