"""Attribution maps of images and datasets: figures to look at, arrays to compute with."""

import json
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
    head: str | None = None,
    settings: Mapping[str, Any] | None = None,
    split: str | None = None,
    label: str | None = None,
    sample_ids: Sequence[str] | None = None,
    checkpoint_options: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Files that are there already, of the same wish, are kept: interrupted, it resumes.

    Args:
        images: image files and datasets.
        output: folder for a ``.png``, a ``.svg`` and a ``.npz`` of each image.
        method, target, against, head, settings: for `dermxai.explain.explain`.
        split, label, sample_ids: of datasets only the images with these.
        checkpoint_options: for `load_classifier`.

    Returns:
        The files that are there, and of images that cannot be read the reason.

    Raises:
        InputError: unknown method, class, head or setting, or not one image can be read.
    """
    report("loading", 0, 0)
    from dermxai.data.images import read_image
    from dermxai.explain import explain
    from dermxai.explain.api import checked_settings
    from dermxai.models import load_classifier

    items = [item for path in images for item in _items(Path(path), split, label, sample_ids)]
    if not items:
        raise InputError("No image fits; choose another split, class or list of sample ids.")
    classifier = load_classifier(checkpoint, **(checkpoint_options or {}))
    chosen = checked_settings(method, settings)
    wish = repr((classifier.hash, method, target, against, head, chosen))
    asked = (target or "predicted", against and f"against-{against}", head)
    suffix = ".".join(_file_name(part) for part in (method, *asked) if part)
    written: list[str] = []
    problems: list[dict[str, str]] = []
    for done, (name, path) in enumerate(items):
        report("images", done, len(items))
        stem = Path(output) / f"{_file_name(name)}.{suffix}"
        if not _is_there(stem, wish):
            try:
                image = read_image(path)
            except InputError as error:
                problems.append({"item": name, "reason": str(error)})
                continue
            made = explain(classifier, image, method, target, against, head=head, settings=chosen)
            about = {"sample": name, "image": path, "checkpoint": classifier.name, "wish": wish}
            _save(stem, image, made, about)
        written += [str(file) for file in _files(stem)]
    if not written:
        raise InputError(problems[0]["reason"])
    report("images", len(items), len(items))
    return {"written": written, "problems": problems}


def _items(
    path: Path, split: str | None, label: str | None, sample_ids: Sequence[str] | None
) -> Iterator[tuple[str, str]]:
    """Name and path of an image, or of each wanted image of a dataset."""
    from dermxai.data import load_dataset
    from dermxai.data.images import SUFFIXES

    if path.is_file() and path.suffix.lower() in SUFFIXES:
        yield path.stem, str(path)
        return
    samples = load_dataset(path).samples
    for column, value in (("split", split), ("label", label)):
        if value is not None:
            if column not in samples:
                raise InputError(f"{path} has no column {column!r} to choose images by.")
            samples = samples[samples[column] == value]
    if sample_ids is not None:
        samples = samples[samples["sample_id"].isin(list(sample_ids))]
    yield from zip(samples["sample_id"], samples["path"], strict=True)


def _file_name(text: str) -> str:
    return re.sub(r"[^\w.-]+", "_", text)


def _files(stem: Path) -> tuple[Path, Path, Path]:
    """Figure for a slide, figure for a paper, numbers; the numbers are written last."""
    return tuple(stem.with_name(f"{stem.name}.{kind}") for kind in ("png", "svg", "npz"))  # type: ignore[return-value]


def _is_there(stem: Path, wish: str) -> bool:
    import numpy as np

    if not all(file.is_file() for file in _files(stem)):
        return False
    try:
        with np.load(_files(stem)[-1], allow_pickle=False) as held:
            return bool(json.loads(str(held["about"]))["wish"] == wish)
    except (OSError, ValueError, KeyError):
        return False


def _save(
    stem: Path, image: "NDArray[np.uint8]", made: "Attribution", about: Mapping[str, str]
) -> None:
    from dermxai.explain.api import find_method
    from dermxai.figures import export
    from dermxai.figures.overlay import Picture, blend, full_colour

    scale = full_colour(made.density)
    ends = (f"for {made.against or f'not {made.target}'}", f"for {made.target}")
    heading = f"{find_method(made.method).TITLE}: {made.target}"
    heading += f" against {made.against}" if made.against else ""
    heading += f", {made.head}" if made.head else ""
    drawn = blend(image, made.density, STRENGTH, scale)
    picture = Picture(heading, drawn, made, scale, *ends)
    contents = (
        export.png([picture], about["sample"]),
        export.svg([picture], about["sample"]),
        export.npz([picture], about),
    )
    for file, content in zip(_files(stem), contents, strict=True):
        with paths.replacing(file) as path:
            path.write_bytes(content)
