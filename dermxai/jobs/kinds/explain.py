"""Attribution maps of images and datasets: overlays to look at, arrays to compute with."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dermxai import paths
from dermxai.errors import InputError
from dermxai.jobs.kinds import Report

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dermxai.explain import Attribution

LANE = "device"
STRENGTH = 0.6


def title(arguments: Mapping[str, Any]) -> str:
    return f"Explanations ({arguments.get('method', 'grad_cam')})"


def run(
    report: Report,
    *,
    checkpoint: str,
    images: Sequence[str],
    output: str,
    method: str = "grad_cam",
    target: str | None = None,
    against: str | None = None,
    settings: Mapping[str, Any] | None = None,
    checkpoint_options: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """
    Args:
        images: image files and datasets.
        output: folder for a ``.png`` and a ``.npz`` of each image.
        method, target, against, settings: for `dermxai.explain.explain`.
        checkpoint_options: for `load_classifier`.

    Returns:
        The files that were written, and of images that cannot be read the reason.

    Raises:
        InputError: unknown method, class or setting, or not one image can be read.
    """
    report("loading", 0, 0)
    from dermxai.data.images import read_image
    from dermxai.explain import explain
    from dermxai.explain.api import methods
    from dermxai.models import load_classifier

    items = [item for path in images for item in _items(Path(path))]
    classifier = load_classifier(checkpoint, **(checkpoint_options or {}))
    known = methods().get(method)  # explain says so of a method that is not
    chosen = known.Settings(**settings) if known and settings else None
    written: list[str] = []
    problems: list[dict[str, str]] = []
    for done, (name, path) in enumerate(items):
        report("images", done, len(items))
        try:
            image = read_image(path)
        except InputError as error:
            problems.append({"item": name, "reason": str(error)})
            continue
        attribution = explain(classifier, image, method, target, against, settings=chosen)
        stem = Path(output) / f"{_file_name(name)}.{method}.{_file_name(attribution.target)}"
        written += [str(at) for at in _save(stem, image, attribution, path)]
    if not written:
        raise InputError(problems[0]["reason"])
    report("images", len(items), len(items))
    return {"written": written, "problems": problems}


def _items(path: Path) -> Iterator[tuple[str, str]]:
    """Name and path of an image, or of each image of a dataset."""
    from dermxai.data import load_dataset
    from dermxai.data.images import SUFFIXES

    if path.is_file() and path.suffix.lower() in SUFFIXES:
        yield path.stem, str(path)
        return
    samples = load_dataset(path).samples
    yield from zip(samples["sample_id"], samples["path"], strict=True)


def _file_name(text: str) -> str:
    return re.sub(r"[^\w.-]+", "_", text)


def _save(
    stem: Path, image: "NDArray[np.uint8]", attribution: "Attribution", source: str
) -> tuple[Path, Path]:
    import cv2
    import numpy as np

    from dermxai.figures.overlay import blend

    picture, numbers = stem.with_name(f"{stem.name}.png"), stem.with_name(f"{stem.name}.npz")
    overlay = blend(image, attribution.map, STRENGTH, float(np.abs(attribution.map).max()))
    _, encoded = cv2.imencode(".png", overlay[..., ::-1])
    with paths.replacing(picture) as path:
        path.write_bytes(encoded.tobytes())
    with paths.replacing(numbers) as path, path.open("wb") as file:
        np.savez_compressed(
            file,
            map=attribution.map,
            image=source,
            method=attribution.method,
            target=attribution.target,
            against=attribution.against or "",
            unit=attribution.unit,
            notes=np.array(attribution.notes, dtype=np.str_),
        )
    return picture, numbers
