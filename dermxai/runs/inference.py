"""Writes a run: all heads' logits and pooled features of every image that can be read.

Images stand in batches that depend on their position alone, so a run that was killed and resumed
is the same to the last bit as one that was not: which images share a batch changes the rounding.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from dermxai.core import disk, paths
from dermxai.core.errors import InputError
from dermxai.data import Dataset
from dermxai.data.picture_hash import Hashes
from dermxai.models import Classifier, openvino_pass
from dermxai.models.devices import usable_device
from dermxai.runs.assembly import assemble, follow, versions
from dermxai.runs.files import RunFiles
from dermxai.runs.forward import (
    ENGINES,
    OPENVINO,
    PRECISIONS,
    TORCH,
    Forward,
    forward_pass,
    part_size,
)
from dermxai.runs.near_duplicates import find_near_duplicates
from dermxai.runs.picture_hashes import with_picture_hashes
from dermxai.runs.prefetch import Batch, batches
from dermxai.runs.rounding import is_rounded, measure_rounding
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
    engine: str | None = None,
    batch_size: int | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Run:
    """Runs a classifier over a dataset, once: the same pair again opens the same run.

    A run of an earlier version, without its images' perceptual hashes, gets them. A run on a CPU
    in lower precision, or by another engine than PyTorch, is told how far some of its logits lie
    from those in float32 by PyTorch (`Rounding`).
    An image that cannot be read is listed in the run's problems and has no row in its arrays. What
    a killed or stopped process had finished is kept for the next call. Of two processes that
    want the same run, one works and the other waits for it. The classifier itself stays as it is.

    Args:
        device: as torch names it; a GPU where there is one.
        precision: "float32", "bfloat16" or "float16" for the layers before the heads; float32 on
            a CPU and float16 on a GPU. Part of the run's identity.
        engine: "torch", or "openvino" where that is installed (the extra openvino): faster on a
            CPU, not for every network. Part of the run's identity.
        batch_size: images at a time; on a CPU the network takes them in smaller parts that fit
            its cache.
        workers: threads that read images; one a core.
        progress: called between batches with images done and in all; whatever it raises stops the
            run.

    Raises:
        InputError: unknown precision, engine or device, one that does not go with the others, no
            image at a time, no thread, or not one image can be read.

    Examples:
        >>> import dermxai
        >>> classifier = dermxai.load_classifier("checkpoint")
        >>> run = dermxai.infer(classifier, dermxai.load_dataset("images"), device="cpu")
        >>> run.scores.shape  # (image, class), logits summed over the heads
        (12, 14)
    """
    work = _work_of(
        classifier,
        dataset,
        device=device,
        precision=precision,
        engine=engine,
        batch_size=batch_size,
        workers=workers,
    )
    files, shards = work.files, work.shards

    def report(done: int) -> None:
        if progress:
            progress(done, len(dataset))

    with disk.locked(files.lock, waiting=lambda: report(shards.finished())):
        if not files.manifest.is_file():
            missing = _begin(work)
            report(shards.finished())
            if missing:
                work.compute(missing, report, shards.finished())
            assemble(shards, classifier, dataset, work.settings, versions(work.engine))
        for left in (files.plan, files.sharing):
            left.unlink(missing_ok=True)
        shards.discard()
        run = follow(open_run(files.root), classifier, dataset)
        if run.picture_hashes is None:
            run = with_picture_hashes(run, progress)
        if work.device.type == "cpu" and is_rounded(run) and "rounding" not in run.manifest:
            run = measure_rounding(run, classifier, dataset)
        find_near_duplicates(run)  # so that no page has to look for them
        return run


def infer_share(
    classifier: Classifier,
    dataset: Dataset,
    index: int,
    of: int,
    *,
    token: str,
    spread: bool = False,
    device: str | None = None,
    precision: str | None = None,
    engine: str | None = None,
    batch_size: int | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> None:
    """Computes every ``of``-th missing shard of a run, beside others who compute the rest; `infer`
    then joins them, and the run is the same to the last bit as without sharing.

    Args:
        token: the same for all who share. Those of others, who began with another plan, make way.
        spread: whether all share the processors of this computer: each has so many threads fewer,
            which changes no bit where batches stay as they are.
        progress: called with images done and in all of this share.

    Raises:
        InputError: as `infer`; this process computes otherwise than those that it shares with, as
            on another kind of device or with another version.
    """
    work = _work_of(
        classifier,
        dataset,
        device=device,
        precision=precision,
        engine=engine,
        batch_size=batch_size,
        workers=workers,
    )
    files, shards = work.files, work.shards
    tell = progress or (lambda *_: None)
    with disk.sharing(files.lock, waiting=lambda: tell(0, len(dataset))):
        if files.manifest.is_file():
            return
        with disk.locked(files.sharing_lock):
            _share(work, token)
        own = [each for each in shards.missing() if each % of == index]
        images = sum(len(shards.rows(each)) for each in own)
        tell(0, images)
        threads = torch.get_num_threads()
        if spread:
            torch.set_num_threads(max(1, threads // of))
        try:
            if own:
                work.compute(own, lambda done: tell(done, images), 0)
        finally:
            torch.set_num_threads(threads)


@dataclass(frozen=True)
class _Work:
    """A run that is to be computed, and how.

    Attributes:
        batch, part: images at once, from the disk and through the network.
        plan: all that its rounding depends on.
    """

    classifier: Classifier
    dataset: Dataset
    shards: Shards
    precision: str
    engine: str
    batch: int
    part: int
    plan: Mapping[str, object]
    device: torch.device
    workers: int

    @property
    def files(self) -> RunFiles:
        return self.shards.files

    @property
    def settings(self) -> dict[str, str]:
        """What tells the run from others of the classifier and the data set."""
        return _settings(self.precision, self.engine)

    def compute(self, missing: Sequence[int], report: Callable[[int], None], done: int) -> None:
        """Writes shards; ``report`` is told of images beyond ``done``, too."""
        dtype = PRECISIONS[self.precision]
        forward = forward_pass(self.classifier, self.device, dtype, self.part, self.engine)
        parts = [rows for index in missing for rows in _split(self.shards, index, self.batch)]
        stream = batches(
            self.dataset,
            self.classifier.info.preprocessing,
            parts,
            workers=self.workers,
            ahead=0 if self.device.type == "cpu" else BATCHES_AHEAD,
            pinned=self.device.type == "cuda",
        )
        with closing(stream):
            _compute(self.shards, missing, stream, forward, report, done=done)


def _work_of(
    classifier: Classifier,
    dataset: Dataset,
    *,
    device: str | None,
    precision: str | None,
    engine: str | None,
    batch_size: int | None,
    workers: int | None,
) -> _Work:
    """
    Raises:
        InputError: as `infer` says of its options.
    """
    engine = engine or TORCH
    if engine not in ENGINES:
        raise InputError(f"Unknown engine {engine!r}; expected {', '.join(ENGINES)}.")
    chosen = usable_device(device or ("cpu" if engine == OPENVINO else None))
    precision = precision or ("float32" if chosen.type == "cpu" else "float16")
    if precision not in PRECISIONS:
        raise InputError(f"Unknown precision {precision!r}; expected {', '.join(PRECISIONS)}.")
    batch_size = min(batch_size or (32 if chosen.type == "cpu" else 64), SHARD)
    if batch_size < 1:
        raise InputError(f"A batch of {batch_size} images; expected 1 or more.")
    if (workers or 1) < 1:
        raise InputError(f"{workers} threads that read images; expected 1 or more.")
    dtype = PRECISIONS[precision]
    if engine == OPENVINO:
        openvino_pass.check(classifier, chosen, dtype)
    identity = run_id(classifier.hash, dataset.fingerprint, _settings(precision, engine))
    held = torch.float32 if engine == OPENVINO else dtype  # measured: as many in either precision
    part = part_size(classifier.info.preprocessing.size, batch_size, chosen, held)
    plan = {
        "run": identity,
        "dataset": dataset.fingerprint,
        "device": str(chosen),
        "batch": batch_size,
        "part": part,
    }
    return _Work(
        classifier,
        dataset,
        Shards(RunFiles(paths.runs() / identity), len(dataset)),
        precision,
        engine,
        batch_size,
        part,
        plan | {"threads": torch.get_num_threads(), **versions(engine)},
        chosen,
        workers or len(os.sched_getaffinity(0)),
    )


def _settings(precision: str, engine: str) -> dict[str, str]:
    """What tells a run from others; runs by PyTorch do not name it, as those of earlier versions
    did not."""
    named = {} if engine == TORCH else {"engine": engine}
    return {"precision": precision, **named}


def _share(work: _Work, token: str) -> None:
    """Takes part in what those with this token have begun, or begins it.

    Raises:
        InputError: they compute otherwise.
    """
    files, content = work.files, json.dumps(work.plan, indent=2)
    same = files.plan.is_file() and paths.readable(files.plan).read_text() == content
    begun = files.sharing.is_file() and paths.readable(files.sharing).read_text() == token
    if begun and not same:
        raise InputError(
            "This process would round otherwise than those that it shares the work with, as on "
            "another kind of device, with another number of processors or another version; share "
            "among like ones."
        )
    if not same:
        work.shards.discard()
        with disk.replacing(files.plan) as path:
            path.write_text(content)
    if not begun:
        with disk.replacing(files.sharing) as path:
            path.write_text(token)


def _split(shards: Shards, index: int, batch_size: int) -> list[range]:
    rows = shards.rows(index)
    return [rows[start : start + batch_size] for start in range(0, len(rows), batch_size)]


def _begin(work: _Work) -> list[int]:
    """The shards that are still to be computed; all of them where those that are there came from
    another plan, whose numbers are rounded otherwise."""
    shards = work.shards
    disk.sweep(shards.files.root)
    disk.sweep(shards.files.shards)
    content = json.dumps(work.plan, indent=2)
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
    *,
    done: int,
) -> None:
    """Writes the missing shards. On a GPU the loop runs ahead of the device; a thread waits for its
    results and writes them."""
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
