"""One image of the atlas: skin, disease, camera, artefacts."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from dermxai.data.atlas import diseases
from dermxai.data.atlas.artefacts import ARTEFACTS
from dermxai.data.atlas.canvas import FIELD_MM, Canvas
from dermxai.data.atlas.cohort import Patient, Shot
from dermxai.data.atlas.diseases._inflamed import draw_inflamed
from dermxai.data.atlas.optics import DEVICES, frame, photograph, pose
from dermxai.data.atlas.settings import SHARING
from dermxai.data.atlas.skin import Skin, draw_skin

MARGIN = 1.2
"""The sheet is wider than the field by this, so that a turned tube sees no end of the skin."""
EVIDENCE_LEVEL = 0.3

# Streams of random numbers, apart from each other so that a change in one moves no other.
_SKIN, _LESION, _VIEW, _CAMERA, _ARTEFACTS = range(1, 6)


@dataclass(frozen=True, eq=False)
class Plate:
    """A finished image (size, size, 3) uint8 with its boolean masks (size, size).

    The evidence lies inside the lesion. Neither knows of artefacts that hide it.
    """

    rgb: NDArray[np.uint8]
    lesion: NDArray[np.bool_]
    evidence: NDArray[np.bool_]
    artefacts: tuple[str, ...]


def render(shot: Shot, seed: int, size: int, rates: Mapping[str, float]) -> Plate:
    """Draw one shot; ``rates`` is the chance of each artefact. Depends on nothing else."""
    patient = shot.patient
    of_lesion = [seed, patient.number, shot.lesion]
    of_image = [*of_lesion, shot.image]
    sheet = draw_lesion(shot, seed, size)

    camera = np.random.default_rng([_CAMERA, *of_image])
    device = DEVICES[int(np.random.default_rng([_CAMERA, *of_lesion]).integers(len(DEVICES)))]
    held = pose(camera)
    maps = [
        frame(layer, size, sheet.px_per_mm, held)
        for layer in (sheet.render(), sheet.lesion, sheet.evidence)
    ]
    rgb = photograph(maps[0], device, camera)

    chance = np.random.default_rng([_ARTEFACTS, *of_image])
    names = tuple(name for name in ARTEFACTS if chance.random() < rates.get(name, 0.0))
    for name in names:
        rgb = ARTEFACTS[name](rgb, chance, FIELD_MM)
    evidence = maps[2] > EVIDENCE_LEVEL
    return Plate(rgb, (maps[1] > 0.5) | evidence, evidence, names)


def draw_lesion(shot: Shot, seed: int, size: int) -> Canvas:
    """The sheet of skin with the shot's lesion, before any camera."""
    key = [seed, shot.patient.number, shot.lesion]
    sheet = _healthy_skin(shot.patient, shot.lesion, seed, size).copy()
    lesion = np.random.default_rng([_LESION, *key])
    view = np.random.default_rng([_VIEW, *key, shot.image])
    if shot.patient.label in SHARING:
        # In the order of the codes: the same shares are the same picture under either label.
        parts = [(_drawing(code), share) for code, share in sorted(shot.shares.items())]
        draw_inflamed(sheet, lesion, view, parts)
    else:
        _drawing(shot.patient.label).draw(sheet, lesion, view)
    return sheet


def _drawing(code: str) -> ModuleType:
    """The file that draws a class."""
    return import_module(f"{diseases.__name__}.{code.lower()}")


@lru_cache(maxsize=2)  # the photographs of a patient's one or two lesions follow each other
def _healthy_skin(patient: Patient, lesion: int, seed: int, size: int) -> Canvas:
    """The skin that all photographs of a lesion share. Do not draw on it; draw on a copy."""
    sheet = Canvas(round(size * MARGIN), FIELD_MM * MARGIN)
    skin = Skin(patient.skin_type, patient.site == "face")
    draw_skin(sheet, skin, np.random.default_rng([_SKIN, seed, patient.number, lesion]))
    return sheet
