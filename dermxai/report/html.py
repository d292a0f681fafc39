"""An analysis as one HTML file that needs nothing else: for a screen, a printer and a clinic
meeting.

Every text is escaped by the template engine, images are data in the file, and the file's own
security policy forbids scripts and anything from elsewhere.
"""

import base64
import io
from collections.abc import Hashable
from pathlib import Path

import numpy as np
import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from numpy.typing import NDArray
from PIL import Image

from dermxai import taxonomy
from dermxai.confusion.card import open_card
from dermxai.core.errors import InputError
from dermxai.core.formatting import count, interval_basis
from dermxai.data.images import read_image
from dermxai.explain.confusion.pair_maps import PairMaps
from dermxai.figures.averaged import averaged, frames
from dermxai.figures.overlay import AGAINST, FOR
from dermxai.metrics import basis
from dermxai.report import causes, tables
from dermxai.report.chart import chart
from dermxai.report.confusion_analysis import ConfusionAnalysis
from dermxai.report.sentences import sentences
from dermxai.runs import Run

MOST = 24
"""Images of a kind that are shown."""
_SIDE = 280  # pixels of the longer side of an image
_KNOWN = ("patient_id", "lesion_id", "age", "sex", "site", "skin_type", "artefacts")
_FRAMES = {
    "lesion": "aligned to the box of the lesion's mask with a quarter of its sides as margin",
    "image": "aligned to the frame of the image",
}
TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.filters["sentences"] = sentences


def pair_page(analysis: ConfusionAnalysis, maps: PairMaps | None = None, most: int = MOST) -> str:
    """The file's text.

    Args:
        analysis: what is known of the two classes.
        maps: averaged contrast maps, where they have been computed.
        most: images of errors each way, and of suspect labels, that are shown.
    """
    pair, manifest = analysis.pair, analysis.run.manifest
    card = open_card(analysis.run, pair.first, pair.second, analysis.split)
    errors = [
        {
            "way": way,
            "images": _images(
                pair.errors[pair.errors["true"] == way.true].head(most), analysis.run
            ),
            "total": int((pair.errors["true"] == way.true).sum()),
            "chart": chart(way.errors, way.right) if way.errors else None,
            "votes": tables.votes(way),
            "driver": tables.driver(way),
            "apart": tables.distinguishing(way),
            "clustering": tables.clustering(way, analysis.evaluation.clusters),
        }
        for way in analysis.ways
    ]
    return TEMPLATES.get_template("pair.html").render(
        analysis=analysis,
        pair=pair,
        names=[taxonomy.name(code) for code in (pair.first, pair.second)],
        colours=taxonomy.colours([pair.first, pair.second]),
        facts=_facts(analysis),
        notes=analysis.notes,
        checkpoint=analysis.run.made_by["name"],
        dataset=manifest["dataset"]["name"],
        date=str(manifest["created"])[:10],
        ways=tables.ways(analysis),
        merged=tables.merged(analysis),
        balance=tables.balance(analysis),
        causes=None if card is None else causes.table(card),
        conclusion=() if card is None else causes.conclusion(card),
        errors=errors,
        suspects=_images(analysis.suspects.head(most), analysis.run),
        searched=tables.searched(analysis),
        no_suspects=tables.no_suspects(analysis),
        n_suspects=len(analysis.suspects),
        maps=_maps(maps),
        unused=len(maps.problems) if maps else 0,
        maps_known=maps is not None,
        hues={"first": f"rgb{FOR}", "second": f"rgb{AGAINST}"},
    )


def _facts(analysis: ConfusionAnalysis) -> list[tuple[str, str]]:
    run, evaluation = analysis.run, analysis.evaluation
    manifest, counts = run.manifest, evaluation.counts
    imported = ", imported predictions" if run.imported else ""
    units = "" if evaluation.clusters == "images" else f" of {counts.units:,} {evaluation.clusters}"
    return [
        ("Model", f"{run.made_by['name']}{imported} ({run.made_by['hash']})"),
        (
            "Dataset",
            f"{manifest['dataset']['name']} ({manifest['dataset']['fingerprint']}), "
            f"{analysis.split or 'all'} images",
        ),
        ("Run", f"{run.id} of {str(manifest['created'])[:16].replace('T', ' ')}"),
        ("Evaluated", f"{counts.evaluated:,} of {count(counts.images, 'image')}{units}"),
        (
            "Intervals",
            f"{interval_basis(basis.basis(evaluation.clusters, evaluation.level))}: Wilson's score "
            "with a design effect for shares and areas, Newcombe's for differences of shares, "
            "Student's t for means and their differences",
        ),
    ]


def _images(rows: pd.DataFrame, run: Run) -> list[dict[Hashable, object]]:
    """The rows with their picture and what is known of them."""
    known = run.samples.set_index("sample_id", drop=False)
    return [
        {
            **row,
            "picture": _embedded(run, row["sample_id"], known.loc[row["sample_id"], "path"]),
            "known": [
                f"{name.removesuffix('_id').replace('_', ' ')} {_stated(value)}"
                for name in _KNOWN
                if name in known and pd.notna(value := known.loc[row["sample_id"], name])
            ],
        }
        for row in rows.to_dict("records")
    ]


def _stated(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _maps(maps: PairMaps | None) -> list[dict[str, object]]:
    if maps is None:
        return []
    return [
        {
            "aligned": _FRAMES[frame],
            "scale": f"{maps.scale(frame):.3g} {maps.unit}",
            "cells": [
                cell._asdict() | {"picture": cell.picture is not None and _data(cell.picture)}
                for cell in averaged(maps, frame)
            ],
        }
        for frame in _FRAMES
        if frame in frames(maps)
    ]


def _embedded(run: Run, sample_id: str, path: str) -> str | None:
    """An image as a data address; None where it cannot be read or has changed since the run."""
    try:
        run.check_image(sample_id)
        return _data(read_image(path, at_least=_SIDE, profiles=True))
    except InputError:
        return None


def _data(picture: NDArray[np.uint8]) -> str:
    small = Image.fromarray(picture)
    small.thumbnail((_SIDE, _SIDE))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
