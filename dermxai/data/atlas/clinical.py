"""A plain photograph of each lesion of an atlas: a dataset beside it, of the same patients and
lesions, for models of two images.

Taken without a dermoscope: fine signs are blurred, and the surface reflects. The atlas itself stays
as it is.
"""

import shutil
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermxai.core import disk
from dermxai.data.atlas.cohort import Shot, cohort
from dermxai.data.atlas.optics import Device, frame, photograph, pose
from dermxai.data.atlas.render import draw_lesion
from dermxai.data.atlas.settings import AtlasSettings
from dermxai.data.places import AtlasFiles

CAMERA = Device("compact camera", (1.03, 1.00, 0.97), 1.02, 1.0, 0.05, 0.0, 0.08)
_BLUR = 0.012  # of the side: what lies closer together cannot be told apart
_STREAM = 6  # of random numbers, beside those of `render`


def write_clinical(
    root: Path, settings: AtlasSettings, progress: Callable[[int, int], None] | None = None
) -> Path:
    """Write one photograph of each lesion of an atlas to ``root`` and return it; complete as soon
    as it is visible. A folder that is already there is left as it is.

    Args:
        root: another folder than the atlas's.
        settings: of the atlas.
        progress: is called with lesions done and in all.
    """
    files = AtlasFiles(root)
    if root.exists():
        return root
    with disk.locked(files.lock, waiting=lambda: None):
        if root.exists():
            return root
        partial = AtlasFiles(files.partial)
        shutil.rmtree(partial.root, ignore_errors=True)
        (partial.root / "images").mkdir(parents=True)
        lesions = [
            next(shots) for _, shots in groupby(sorted(cohort(settings), key=_lesion), key=_lesion)
        ]
        rows = []
        for done, shot in enumerate(lesions, 1):
            rows.append(_row(shot, settings.seed))
            _, data = cv2.imencode(
                ".jpg", draw(shot, settings)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92]
            )
            (partial.root / str(rows[-1]["path"])).write_bytes(data.tobytes())
            if progress:
                progress(done, len(lesions))
        pd.DataFrame(rows).to_csv(partial.table, index=False)
        partial.root.rename(root)
    return root


def draw(shot: Shot, settings: AtlasSettings) -> NDArray[np.uint8]:
    """(size, size, 3) the lesion of a shot as a plain photograph."""
    key = [settings.seed, shot.patient.number, shot.lesion]
    camera = np.random.default_rng([_STREAM, *key])
    sheet = draw_lesion(shot, settings.seed, settings.size)
    light = frame(sheet.render(), settings.size, sheet.px_per_mm, pose(camera))
    blurred = cv2.GaussianBlur(light, (0, 0), _BLUR * settings.size)
    return np.asarray(photograph(blurred, CAMERA, camera), dtype=np.uint8)


def _lesion(shot: Shot) -> tuple[int, int]:
    return shot.patient.number, shot.lesion


def _row(shot: Shot, seed: int) -> dict[str, object]:
    patient = shot.patient
    patient_id = f"a{seed}-P{patient.number:03d}"
    lesion_id = f"{patient_id}-L{shot.lesion}"
    sample_id = f"{lesion_id}-clinical"
    return {
        "sample_id": sample_id,
        "path": f"images/{sample_id}.jpg",
        "label": shot.label,
        "patient_id": patient_id,
        "lesion_id": lesion_id,
        "split": patient.split,
        "age": patient.age,
        "sex": patient.sex,
        "site": patient.site,
        "skin_type": patient.skin_type,
        "modality": "clinical",
    }
