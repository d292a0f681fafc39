"""Draws the atlas's sheets: `python -m docs.make_atlas_sheet` in the project's folder.

`docs/images/atlas.jpg`: three patients of each disease, and the first of them again with all but
the evidence in pale grey. `docs/images/atlas-shared-signs.jpg`: one lesion a row, from the signs of
one disease to those of another.
"""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from dermxai.data.atlas.cohort import Shot, cohort
from dermxai.data.atlas.render import Plate, render
from dermxai.data.atlas.settings import DEMO
from dermxai.taxonomy import DISEASES

IMAGES = Path(__file__).resolve().parent / "images"
SHEET, SHARED = IMAGES / "atlas.jpg", IMAGES / "atlas-shared-signs.jpg"
PAIRS = (("EAD", "SD"), ("EAD", "Pso"), ("SD", "Rosa"))
SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
SETTINGS = DEMO.replaced(overlap={})
PATIENTS = 3
COLUMNS = 2
CELL, GAP, HEADING = 144, 4, 22


def first_shots(label: str) -> list[Shot]:
    """One image of each of the first patients with that disease, with no other one's signs."""
    shots = {
        shot.patient: shot for shot in reversed(cohort(SETTINGS)) if shot.patient.label == label
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


def shared_sheet() -> Image.Image:
    """A row a pair: the share of the second disease's signs grows to the right."""
    page = Image.new(
        "RGB", (len(SHARES) * (CELL + GAP) + GAP, len(PAIRS) * (CELL + HEADING + GAP)), "white"
    )
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(14)
    for line, (first, second) in enumerate(PAIRS):
        y, shot = line * (CELL + HEADING + GAP), first_shots(first)[0]
        for column, share in enumerate(SHARES):
            x = column * (CELL + GAP) + GAP
            words = f"{first} {1 - share:.0%}, {second} {share:.0%}"
            pen.text((x, y + 3), words, "#333333", font)
            mixed = replace(shot, other=second, other_share=share)
            picture = render(mixed, SETTINGS.seed, SETTINGS.size, {}).rgb
            small = cv2.resize(picture, (CELL, CELL), interpolation=cv2.INTER_AREA)
            page.paste(Image.fromarray(small), (x, y + HEADING))
    return page


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    for path, made in ((SHEET, sheet()), (SHARED, shared_sheet())):
        made.save(path, quality=82, optimize=True)
        print(path)
