"""What every remedy keeps to, as checks that an author of one can run::

    for fault in remedy_faults(MINE):
        print(fault)

They run on images that are made up; nothing is downloaded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.core.components import error_text, faults_as_sentences
from dermxai.core.errors import InputError
from dermxai.core.settings import Settings
from dermxai.remedies.images import Images, images_of
from dermxai.remedies.outputs import Change, Head, Outputs, head_slices
from dermxai.remedies.remedy import REMEDIES, Bench, Fitted, Remedy
from dermxai.runs import Run
from dermxai.runs.manifest import Manifest

S = TypeVar("S", bound=Settings)

CLASSES = ("MN", "BCC", "SK")
CHANNELS = (3, 5)
IMAGES = 60


def made_up(
    images: int = IMAGES, classes: Sequence[str] = CLASSES, *, flat: bool = False
) -> tuple[Run, tuple[Head, ...]]:
    """A run in memory whose logits are those of its heads, and these: two images a patient, a third
    of the patients each in training, validation and test.

    Args:
        classes: of the images; the network knows all of `CLASSES`.
        flat: whether features do not vary.
    """
    draws = np.random.default_rng(0)
    label = draws.integers(len(classes), size=images)
    pooled = draws.standard_normal((images, sum(CHANNELS))) + 0.8 * label[:, None]
    pooled = np.ones_like(pooled) if flat else pooled
    pooled = pooled.astype(np.float32)
    heads = tuple(
        (draws.standard_normal((len(CLASSES), each)), draws.standard_normal(len(CLASSES)))
        for each in CHANNELS
    )
    logits = _parts(pooled, heads)
    patient = np.arange(images) // 2
    samples = pd.DataFrame(
        {
            "sample_id": [f"image {index}" for index in range(images)],
            "path": "none",
            "label": np.array(classes, dtype=object)[label],
            "patient_id": [f"patient {index}" for index in patient],
            "split": np.array(["train", "validation", "test"])[patient % 3],
            "sex": np.array(["female", "male"])[patient % 2],
        }
    )
    manifest: Manifest = {
        "id": "made-up",
        "checkpoint": {"path": "none", "name": "made up", "hash": "made up"},
        "dataset": {"path": "none", "name": "made up", "fingerprint": "made up"},
        "heads": [],
        "classes": list(CLASSES),
        "problems": [],
    }
    run = Run(
        "made-up",
        Path("made-up"),
        manifest,
        samples,
        logits,  # type: ignore[arg-type]  # as if mapped
        pooled,  # type: ignore[arg-type]
        CLASSES,
        tuple(f"head {place + 1}" for place in range(len(CHANNELS))),
        CHANNELS,
        (),
    )
    return run, heads


def bench_of(run: Run) -> Bench:
    """Its training and validation images."""
    split = run.samples["split"].to_numpy(dtype=object)
    training, validation = (
        images_of(run, np.flatnonzero(split == name)) for name in ("train", "validation")
    )
    return Bench(training, validation, run, {})


@faults_as_sentences
def remedy_faults(remedy: Remedy[S], settings: S | None = None) -> Iterator[str]:
    """What is wrong with a remedy, a sentence each.

    Args:
        settings: those to try it with; its defaults if not given.
    """
    if told := list(REMEDIES.faults_of(remedy, {})):
        yield from told
        return
    values = settings or remedy.settings()
    run, heads = made_up()
    bench = bench_of(run)
    before = _held(bench)
    fitted = _fitted(remedy, bench, values)
    if not all(map(np.array_equal, before, _held(bench))):
        yield "fitted changes the images that it is given; work on copies."
    yield from _of_fitted(fitted)
    if fitted is not None and fitted.change is not None:
        yield from _of_change(fitted.change, remedy, bench, values, heads)
    yield from _unmoved(remedy, run, values)
    for what, odd in _odd():
        try:
            _fitted(remedy, odd, values)
        except Exception as error:
            yield f"Of {what}: fitted raises {error_text(error)}."


def _fitted(remedy: Remedy[S], bench: Bench, settings: S) -> Fitted | None:
    """None where it is skipped or refused."""
    try:
        found = remedy.fitted(bench, settings)
    except InputError:
        return None
    return found


def _of_fitted(fitted: object) -> Iterator[str]:
    if fitted is None:
        return
    if not isinstance(fitted, Fitted):
        yield f"fitted gives a {type(fitted).__name__}; expected a Fitted."
    elif not all(isinstance(note, str) for note in fitted.notes):
        yield "A note is no text."


def _of_change(
    change: Change,
    remedy: Remedy[S],
    bench: Bench,
    settings: S,
    heads: tuple[Head, ...],
) -> Iterator[str]:
    outputs = bench.validation.outputs
    made = change.applied(outputs)
    k = len(made.classes)
    if made.parts.ndim != 3 or made.parts.shape[::2] != (len(outputs), k):
        yield f"The change gives logits {made.parts.shape} of {len(outputs)} images, {k} classes."
        return
    if not np.isfinite(made.parts).all():
        yield "The change gives logits that are no finite numbers."
    some = np.arange(0, len(outputs), 3)
    if not np.allclose(change.applied(outputs.at(some)).logits, made.logits[some], atol=1e-9):
        yield "What the change does to an image depends on others that it is applied to."
    again = _fitted(remedy, bench, settings)
    repeated = None if again is None or again.change is None else again.change.applied(outputs)
    if repeated is None or not np.array_equal(repeated.parts, made.parts):
        yield "Fitted twice, it gives two results; draw from a generator with a fixed seed."
    written = change.in_weights(heads)
    if written is not None:
        logits = _parts(outputs.pooled.read(), written).sum(axis=1)
        if not np.allclose(logits, made.logits, atol=1e-4):
            yield "A network with the weights that it gives has other logits than the change."


def _unmoved(remedy: Remedy[S], run: Run, settings: S) -> Iterator[str]:
    """Test images that are anything at all change nothing."""
    test = (run.samples["split"] == "test").to_numpy(dtype=bool)
    labels = run.samples["label"].where(~test, CLASSES[0])
    logits, pooled = (
        np.where(test.reshape(-1, *[1] * (of.ndim - 1)), np.nan, of)
        for of in (np.asarray(run.logits), np.asarray(run.pooled))
    )
    poisoned = replace(
        run,
        samples=run.samples.assign(label=labels),
        logits=logits,  # type: ignore[arg-type]
        pooled=pooled.astype(np.float32),  # type: ignore[arg-type]
    )
    made = []
    for each in (run, poisoned):
        fitted = _fitted(remedy, bench_of(each), settings)
        outputs = bench_of(run).validation.outputs
        made.append(
            None if fitted is None or fitted.change is None else fitted.change.applied(outputs)
        )
    first, second = made
    if (first is None) != (second is None):
        yield "Test images decide whether it is fitted."
    elif first is not None and second is not None and not np.array_equal(first.parts, second.parts):
        yield "It depends on test images, which are to be looked at last."


def _odd() -> Iterator[tuple[str, Bench]]:
    """Images of which there is little to learn, by what they are."""
    whole = bench_of(made_up()[0])
    yield "images without labels", _relabelled(whole, "")
    yield "images of one class", _relabelled(whole, CLASSES[0])
    yield "a class without validation images", bench_of(_lacking("validation"))
    yield "a class without training images", bench_of(_lacking("train"))
    yield "features that do not vary", bench_of(made_up(flat=True)[0])
    nobody = np.arange(0)
    yield "no validation image", replace(whole, validation=whole.validation.at(nobody))
    yield "no training image", replace(whole, training=whole.training.at(nobody))


def _relabelled(bench: Bench, label: str) -> Bench:
    training, validation = (
        replace(images, labels=np.full(len(images), label, dtype=object))
        for images in (bench.training, bench.validation)
    )
    return replace(bench, training=training, validation=validation)


def _lacking(split: str) -> Run:
    run = made_up()[0]
    there = run.samples["split"] == split
    labels = run.samples["label"].where(~there | (run.samples["label"] != "SK"), "MN")
    return replace(run, samples=run.samples.assign(label=labels))


def _parts(pooled: NDArray[np.float32], heads: Sequence[Head]) -> NDArray[np.float64]:
    """(n, h, k) logits of heads on their inputs."""
    slices = head_slices([len(weight.T) for weight, _ in heads])
    return np.stack(
        [
            pooled[:, at].astype(np.float64) @ weight.T + bias
            for at, (weight, bias) in zip(slices, heads, strict=True)
        ],
        axis=1,
    )


def _held(bench: Bench) -> list[NDArray[np.generic]]:
    def of(images: Images) -> list[NDArray[np.generic]]:
        outputs: Outputs = images.outputs
        parts = (outputs.parts, outputs.pooled.read(), images.labels, images.weight)
        return [np.array(each) for each in parts]

    return [*of(bench.training), *of(bench.validation)]
