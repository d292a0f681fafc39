"""Writes a run: all heads' logits and pooled features of every image that can be read.

Images stand in batches that depend on their position alone, so a run that was killed and resumed
is the same to the last bit as one that was not: which images share a batch changes the rounding.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dermxai import disk, paths
from dermxai.data import Dataset
from dermxai.data.picture_hash import Hashes
from dermxai.errors import InputError
from dermxai.models import Classifier
from dermxai.models.devices import usable_device
from dermxai.runs.alike import near_duplicates
from dermxai.runs.assembly import assemble, follow, versions
from dermxai.runs.forward import PRECISIONS, Forward, forward_pass, part_size
from dermxai.runs.pictures import with_pictures
from dermxai.runs.prefetch import Batch, batches
from dermxai.runs.run import Run, open_run, run_id
from dermxai.runs.shards import SHARD, Shards

BATCHES_AHEAD = 3

Progress = Callable[[int, int], None]
"""Called with images done and in all."""


def infer(
    classifier: Classifier,
    dataset: Dataset,
    *,
    device: str | None = None,
    precision: str | None = None,
    batch_size: int | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Run:
    """Runs a classifier over a dataset, once: the same pair again opens the same run.

    A run of an earlier version, without its images' perceptual hashes, gets them.
    An image that cannot be read is listed in the run's problems and has no row in its arrays. What
    a killed or stopped process had finished is kept for the next call. Of two processes that
    want the same run, one works and the other waits for it. The classifier itself stays as it is.

    Args:
        device: as torch names it; a GPU where there is one.
        precision: "float32", "bfloat16" or "float16" for the layers before the heads; float32 on
            a CPU and float16 on a GPU. Part of the run's identity.
        batch_size: images at a time; on a CPU the network takes them in smaller parts that fit
            its cache.
        workers: threads that read images; one a core.
        progress: called between batches with images done and in all; whatever it raises stops the
            run.

    Raises:
        InputError: unknown precision or device, no image at a time, no thread, or not one image can
            be read.
    """
    chosen = usable_device(device)
    precision = precision or ("float32" if chosen.type == "cpu" else "float16")
    if precision not in PRECISIONS:
        raise InputError(f"Unknown precision {precision!r}; expected {', '.join(PRECISIONS)}.")
    batch_size = min(batch_size or (32 if chosen.type == "cpu" else 64), SHARD)
    if batch_size < 1:
        raise InputError(f"A batch of {batch_size} images; expected 1 or more.")
    if (workers or 1) < 1:
        raise InputError(f"{workers} threads that read images; expected 1 or more.")

    settings = {"precision": precision}
    identity = run_id(classifier.hash, dataset.fingerprint, settings)
    files = paths.RunFiles(paths.runs() / identity)
    shards = Shards(files, len(dataset))
    part = part_size(classifier.info.preprocessing.size, batch_size, chosen)
    plan = {
        "run": identity,
        "dataset": dataset.fingerprint,
        "device": str(chosen),
        "batch": batch_size,
        "part": part,
    }

    def report(done: int) -> None:
        if progress:
            progress(done, len(dataset))

    with disk.locked(files.lock, waiting=lambda: report(shards.finished())):
        if not files.manifest.is_file():
            missing = _begin(shards, plan | {"threads": torch.get_num_threads(), **versions()})
            report(shards.finished())
            if missing:
                forward = forward_pass(classifier, chosen, PRECISIONS[precision], part)
                parts = [rows for index in missing for rows in _split(shards, index, batch_size)]
                stream = batches(
                    dataset,
                    classifier.info.preprocessing,
                    parts,
                    workers=workers or len(os.sched_getaffinity(0)),
                    ahead=0 if chosen.type == "cpu" else BATCHES_AHEAD,
                    pinned=chosen.type == "cuda",
                )
                with closing(stream):
                    _compute(shards, missing, stream, forward, report)
            assemble(shards, classifier, dataset, settings)
        files.plan.unlink(missing_ok=True)
        shards.discard()
        run = follow(open_run(files.root), classifier, dataset)
        if run.pictures is None:
            run = with_pictures(run, progress)
        near_duplicates(run)  # so that no page has to look for them
        return run


def _split(shards: Shards, index: int, batch_size: int) -> list[range]:
    rows = shards.rows(index)
    return [rows[start : start + batch_size] for start in range(0, len(rows), batch_size)]


def _begin(shards: Shards, plan: Mapping[str, Any]) -> list[int]:
    """The shards that are still to be computed; all of them where those that are there came from
    another plan, whose numbers are rounded otherwise."""
    disk.sweep(shards.files.root)
    disk.sweep(shards.files.shards)
    content = json.dumps(plan, indent=2)
    if not shards.files.plan.is_file() or paths.readable(shards.files.plan).read_text() != content:
        shards.discard()
        with disk.replacing(shards.files.plan) as path:
            path.write_text(content)
    return shards.missing()


def _compute(
    shards: Shards,
    missing: Sequence[int],
    stream: Iterator[Batch],
    forward: Forward,
    report: Callable[[int], None],
) -> None:
    """Writes the missing shards. On a GPU the loop runs ahead of the device; a thread waits for its
    results and writes them."""
    done = shards.finished()
    written: Future[None] | None = None
    with ThreadPoolExecutor(1, thread_name_prefix="write-shard") as writer:
        for index in missing:
            outputs: list[tuple[Tensor, Tensor]] = []
            reasons: list[str] = []
            pictures: list[Hashes] = []
            while len(reasons) < len(shards.rows(index)):
                batch = next(stream)
                outputs.append(forward(batch.images))
                reasons += batch.reasons
                pictures.append(batch.pictures)
                report(done + len(reasons))
            done += len(reasons)
            if written:
                written.result()
            hashes = np.concatenate(pictures)
            written = writer.submit(_write, shards, index, outputs, reasons, hashes)
        if written:
            written.result()


def _write(
    shards: Shards,
    index: int,
    outputs: Sequence[tuple[Tensor, Tensor]],
    reasons: Sequence[str],
    pictures: Hashes,
) -> None:
    logits, pooled = (torch.cat(parts).cpu().numpy() for parts in zip(*outputs, strict=True))
    finite = np.isfinite(logits).all(axis=(1, 2)) & np.isfinite(pooled).all(axis=1)
    stated = [
        reason or ("" if good else "the network's output is not a finite number")
        for reason, good in zip(reasons, finite, strict=True)
    ]
    shards.write(index, logits, pooled, pictures, stated)
