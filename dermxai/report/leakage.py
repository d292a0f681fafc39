"""What a model has seen of images in training, in a sentence."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from dermxai.core.formatting import count
from dermxai.runs import Run
from dermxai.runs.leakage import Lacking, Leakage, same_data

KINDS: Mapping[str, str] = {
    "file": "the same file",
    "picture": "near-duplicate, by its perceptual hash",
    "lesion": "another image of the lesion",
    "features": "near-duplicate, by its features",
    "patient": "another image of the patient",
}
"""In words, of `dermxai.runs.leakage.KINDS`."""
_LACKING: Mapping[Lacking, str] = {
    Lacking.RUN_HASHES: "near-duplicates (run inference again: this run has no perceptual hashes)",
    Lacking.TRAINING_HASHES: "near-duplicates (the checkpoint keeps no perceptual hashes)",
    Lacking.TRAINING_IDS: "{kind}s (the checkpoint keeps no {kind} ids)",
    Lacking.UNIQUE_IDS: "{kind}s whose ids, such as {example}, another dataset may have, too",
}


def describe_leakage(run: Run, rows: NDArray[np.intp]) -> str:
    """What the model has seen of the images at ``rows``, in a sentence."""
    found = run.leaks
    if found is None:
        data = run.info.data if run.info else {}
        if same_data(run):
            known = "The model was trained on images of this dataset, on which is not known"
        elif name := data.get("name") or data.get("fingerprint"):
            known = (
                f"The model was trained on another dataset ({name}); whether on any of these "
                "images is not known"
            )
        else:
            known = "Whether the model was trained on these images is not known"
        return f"{known}; where it was, errors are too few and label errors hide."
    missing = "".join(f" Not compared: {each}." for each in not_compared(found))
    if not found.whole:
        missing += (
            " The checkpoint that it started from does not tell its images: on these nothing is "
            "known."
        )
    counts = found.counts(rows)
    if not counts:
        by = " and ".join(_told(found.compared))
        return f"The model was trained on none of these images, told by {by}.{missing}"
    return (
        f"The model was trained on {_listed(counts, rows.size)}: there errors are too few and "
        f"label errors hide.{missing}"
    )


def not_compared(found: Leakage) -> list[str]:
    """What could not be compared with the training images, and why."""
    return [
        _LACKING[each.lacking].format(kind=each.kind, example=each.example)
        for each in found.not_compared
    ]


def _listed(counts: Mapping[str, int], images: int) -> str:
    """ "40 of these 180 images, near-duplicates of 80 and other images of the lesions of 60"."""
    near = counts.get("picture", 0) + counts.get("features", 0)
    parts = [
        f"{counts.get('file', 0):,} of these {count(images, 'image')}",
        *([f"near-duplicates of {near:,}"] if near else []),
        *(
            f"other images of the {kind}s of {counts[kind]:,}"
            for kind in ("lesion", "patient")
            if kind in counts
        ),
    ]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _told(compared: Sequence[str]) -> Iterator[str]:
    for kind, by in (("file", "files"), ("picture", "perceptual hashes"), ("features", "features")):
        if kind in compared:
            yield by
    yield from (f"{kind}s" for kind in ("lesion", "patient") if kind in compared)
