"""Other labels for some images, or none, in what is fitted afterwards. The dataset stays as it is,
and so do the labels that are measured against."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from typing_extensions import override

from dermxai.core.errors import InputError
from dermxai.core.formatting import count
from dermxai.core.settings import Settings, setting
from dermxai.data import selection
from dermxai.remedies.images import Images
from dermxai.remedies.remedy import Bench, Fitted, Remedy, SkippedError, named_sets
from dermxai.runs import Run
from dermxai.slices import open_slice
from dermxai.slices.of_run import dataset_path

SLICE = "slice:"
_KEY = 16  # digits of a selection's key


class RelabelSettings(Settings):
    images: str = setting(
        "",
        "Sample ids with commas, slice:NAME for a slice, or the key of a selection (sel in the "
        "address)",
    )
    label: str = setting("", "Their class; empty: they are dropped")


class Relabel(Remedy[RelabelSettings]):
    @override
    def fitted(self, bench: Bench, settings: RelabelSettings) -> Fitted:
        asked = named_images(settings.images, bench.run)
        if not asked:
            raise SkippedError("No image is named.")
        classes = bench.training.outputs.classes
        if settings.label and settings.label not in classes:
            raise InputError(
                f"There is no class {settings.label!r}; choose from {', '.join(classes)}, or "
                "nothing to drop the images."
            )
        parts = (bench.training, bench.validation)
        hits = [np.isin(images.outputs.sample_ids, asked) for images in parts]
        training, validation = (
            _relabelled(images, hit, settings.label)
            for images, hit in zip(parts, hits, strict=True)
        )
        return Fitted(
            training=training,
            validation=validation,
            notes=tuple(_told([int(hit.sum()) for hit in hits], len(asked), settings.label)),
        )


def named_images(text: str, run: Run) -> list[str]:
    """Sample ids, those of a slice of the run's dataset, or those of a selection.

    Raises:
        InputError: no slice of that name, or no selection of that key.
    """
    if text.strip().startswith(SLICE):
        return list(open_slice(dataset_path(run), text.strip().removeprefix(SLICE)).sample_ids)
    names = named_sets(text)
    if len(names) == 1 and len(names[0]) == _KEY and set(names[0]) <= set("0123456789abcdef"):
        return list(selection.read(names[0]).sample_ids)
    return names


def _relabelled(images: Images, hit: np.ndarray, label: str) -> Images:
    if not label:
        return images.at(~hit)
    return replace(images, labels=np.where(hit, label, images.labels).astype(object))


def _told(hits: list[int], asked: int, label: str) -> Iterator[str]:
    done = f"labelled {label}" if label else "dropped"
    yield (
        f"{count(hits[0], 'training image')} and {count(hits[1], 'validation image')} {done} for "
        "the remedies that follow."
    )
    if left := asked - sum(hits):
        yield (
            f"{count(left, 'image')} of those named are not among the images that are fitted on, "
            "and stay as they are."
        )


RELABEL = Relabel(
    name="relabel",
    title="Relabel or drop images",
    note="Gives training and validation images another label, or drops them, for what follows.",
    settings=RelabelSettings,
)
