"""Writes an atlas to a folder: images, masks and the table that describes them."""

import json
import math
import multiprocessing
import os
import shutil
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from functools import partial
from itertools import chain, groupby
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.core import disk
from dermxai.core.spawning import without_main
from dermxai.data.atlas.cohort import Shot, cohort
from dermxai.data.atlas.render import render
from dermxai.data.atlas.settings import AtlasSettings
from dermxai.data.places import GENERATOR, AtlasFiles

GENERATOR_VERSION = 2
FOLDERS = ("images", "masks", "evidence")
IMAGES_WORTH_A_PROCESS = 24  # a process starts in the time of as many images
Row = dict[str, object]


def write_atlas(
    root: Path,
    settings: AtlasSettings,
    progress: Callable[[int, int], None] | None = None,
    workers: int | None = None,
) -> Path:
    """Write the atlas to ``root`` and return it; complete as soon as it is visible.

    A folder that is already there is left as it is. Of several processes that write the same atlas
    one does, the others wait for it; an interrupted one begins anew. The pixels do not depend on
    ``workers`` (default: one process a core). ``progress(done, total)`` is called after each
    image, and while waiting; what it raises ends the writing.

    Raises InputError for settings that no atlas can have.
    """

    def report(done: int, total: int = settings.images) -> None:
        if progress:
            progress(done, total)

    files = AtlasFiles(root)
    if not root.exists():
        with disk.locked(files.lock, waiting=lambda: report(0)):
            if not root.exists():
                _build(AtlasFiles(files.partial), settings, report, workers)
                files.partial.rename(root)
    return root


def _build(
    files: AtlasFiles,
    settings: AtlasSettings,
    report: Callable[[int, int], None],
    workers: int | None,
) -> None:
    """Write the atlas to an empty folder."""
    shutil.rmtree(files.root, ignore_errors=True)
    for name in FOLDERS:
        (files.root / name).mkdir(parents=True)
    shots = cohort(settings)
    patients = [list(seen) for _, seen in groupby(shots, key=lambda shot: shot.patient)]
    most = math.ceil(len(shots) / IMAGES_WORTH_A_PROCESS)
    workers = workers or min(len(os.sched_getaffinity(0)), most)
    rows = []
    with closing(_rows(partial(_write_patient, files.root, settings), patients, workers)) as drawn:
        for row in drawn:
            rows.append(row)
            report(len(rows), len(shots))
    pd.DataFrame(rows).to_csv(files.table, index=False)
    about = {"generator": GENERATOR, "version": GENERATOR_VERSION, **settings.model_dump()}
    files.about.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


def _rows(
    write: Callable[[list[Shot]], list[Row]], patients: list[list[Shot]], workers: int
) -> Generator[Row, None, None]:
    if workers == 1:
        yield from chain.from_iterable(map(write, patients))
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, spawn, _begin_worker) as pool:
        with without_main():
            written = pool.map(write, patients)
        yield from chain.from_iterable(written)


def _begin_worker() -> None:
    cv2.setNumThreads(1)
    # Once a large block was freed, the C library keeps memory instead of handing every map back
    # to the system: a quarter of the time.
    np.empty(31 << 20, np.uint8)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A parent that is killed cannot end its workers: they end themselves."""
    if parent := multiprocessing.parent_process():
        parent.join()
    os._exit(1)


def _write_patient(root: Path, settings: AtlasSettings, shots: list[Shot]) -> list[Row]:
    """Draw and write a patient's shots, whose skin is drawn once; returns their rows."""
    return [_write_shot(root, settings, shot) for shot in shots]


def _write_shot(root: Path, settings: AtlasSettings, shot: Shot) -> Row:
    """Draw and write one shot; returns its row of the sample table."""
    patient = shot.patient
    plate = render(
        shot, settings.seed, settings.size, settings.rates_for(shot.label, patient.split)
    )
    patient_id = f"a{settings.seed}-P{patient.number:03d}"
    lesion_id = f"{patient_id}-L{shot.lesion}"
    sample_id = f"{lesion_id}-{shot.image:02d}"
    path, mask, evidence = (
        f"{folder}/{sample_id}.{kind}"
        for folder, kind in zip(FOLDERS, ("jpg", "png", "png"), strict=True)
    )
    _save(root / path, plate.rgb[..., ::-1], cv2.IMWRITE_JPEG_QUALITY, 92)
    _save(root / mask, plate.lesion * np.uint8(255), cv2.IMWRITE_PNG_BILEVEL, 1)
    _save(root / evidence, plate.evidence * np.uint8(255), cv2.IMWRITE_PNG_BILEVEL, 1)
    return {
        "sample_id": sample_id,
        "path": path,
        "label": shot.label,
        "patient_id": patient_id,
        "lesion_id": lesion_id,
        "split": patient.split,
        "age": patient.age,
        "sex": patient.sex,
        "site": patient.site,
        "skin_type": patient.skin_type,
        "modality": "dermoscopic",
        "mask_path": mask,
        "evidence_path": evidence,
        "drawn_class": patient.label,
        "other_class": shot.other,
        "other_share": shot.other_share,
        "label_noise": "yes" if shot.label != patient.label else "no",
        "artefacts": " ".join(plate.artefacts),
    } | _planted(shot, settings)


def _planted(shot: Shot, settings: AtlasSettings) -> Row:
    """What else the table tells where it was planted: whether the shortcut marks the image, and
    which share of its class's training patients was drawn."""
    told: Row = {}
    if settings.shortcut_splits:
        marks = settings.marked(shot.patient.split) and shot.label == settings.shortcut_class
        told["shortcut"] = "yes" if marks else "no"
    if settings.training_shares:
        told["training_share"] = settings.training_shares.get(shot.patient.label, 1.0)
    return told


def _save(path: Path, pixels: NDArray[np.uint8], option: int, value: int) -> None:
    """Write an image by way of memory: the folder's name may hold any characters."""
    _, data = cv2.imencode(path.suffix, pixels, [option, value])
    path.write_bytes(data.tobytes())
