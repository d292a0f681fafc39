"""Draws docs/images/atlas.jpg: `python -m docs.make_atlas_sheet` in the project's folder.

Three patients of each disease, and the first of them again with all but the evidence in pale grey.
"""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from dermxai.data.atlas.cohort import Shot, cohort
from dermxai.data.atlas.render import Plate, render
from dermxai.data.atlas.writer import AtlasSettings
from dermxai.taxonomy import DISEASES

SHEET = Path(__file__).resolve().parent / "images" / "atlas.jpg"
SETTINGS = AtlasSettings()
PATIENTS = 3
COLUMNS = 2
CELL, GAP, HEADING = 144, 4, 22


def first_shots(label: str) -> list[Shot]:
    """One typical image of each of the first patients with that disease."""
    shots = {
        shot.patient: shot
        for shot in reversed(cohort(SETTINGS.images, SETTINGS.seed))
        if shot.patient.label == label and shot.presentation == "typical"
    }
    return sorted(shots.values(), key=lambda shot: shot.patient.number)[:PATIENTS]


def evidence_alone(plate: Plate) -> NDArray[np.uint8]:
    """The picture with all but the evidence in pale grey."""
    grey = cv2.cvtColor(cv2.cvtColor(plate.rgb, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    pale = (0.35 * grey + 0.65 * 255).astype(np.uint8)
    return np.where(plate.evidence[..., None], plate.rgb, pale)


def row(label: str) -> list[NDArray[np.uint8]]:
    plates = [
        render(shot, SETTINGS.seed, SETTINGS.size, SETTINGS.rates_for(label))
        for shot in first_shots(label)
    ]
    return [*(plate.rgb for plate in plates), evidence_alone(plates[0])]


def sheet() -> Image.Image:
    block = (PATIENTS + 1) * (CELL + GAP) + 3 * GAP
    lines = -(-len(DISEASES) // COLUMNS)
    page = Image.new("RGB", (COLUMNS * block, lines * (CELL + HEADING + GAP)), "white")
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(14)
    for place, disease in enumerate(DISEASES):
        line, column = divmod(place, COLUMNS)
        x, y = column * block + GAP, line * (CELL + HEADING + GAP)
        pen.text((x, y + 3), f"{disease.name} ({disease.code})", "#333333", font)
        for picture in row(disease.code):
            small = cv2.resize(picture, (CELL, CELL), interpolation=cv2.INTER_AREA)
            page.paste(Image.fromarray(small), (x, y + HEADING))
            x += CELL + GAP
    return page


if __name__ == "__main__":
    SHEET.parent.mkdir(exist_ok=True)
    sheet().save(SHEET, quality=82, optimize=True)
    print(SHEET)
