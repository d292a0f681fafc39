"""Images of the most confused pairs under their maps; none of patients' unless that is asked
for."""

import io
from collections.abc import Iterator
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dermxai.core.errors import InputError
from dermxai.core.formatting import count, percent
from dermxai.data.images import read_image
from dermxai.explain.attribution.method import Attribution
from dermxai.figures import export
from dermxai.figures.overlay import Picture, ends, full_colour, over_grey
from dermxai.metrics.pair import evaluate_pair
from dermxai.report.document.content import (
    Block,
    Drawing,
    Example,
    Gallery,
    Section,
    Text,
)
from dermxai.report.document.material import Material
from dermxai.report.origin import origin

_SIDE = 280  # pixels of the longer side
STRENGTH = 0.6
_COLUMNS = 4


def examples(material: Material) -> Section:
    """Errors of the largest margins, each image beside its map of the prediction against the
    label."""
    title = "Example images and maps"
    if not material.with_images:
        told = "Images are left out: they are patients'. They are put in on request."
        return Section("examples", title, (Text(told),))
    chosen = _chosen(material)
    if not chosen:
        told = "No image is shown: none was asked for, or none is confused."
        return Section("examples", title, (Text(told),))
    maps, about, note = _maps(material, chosen)
    scale = full_colour(*(made.density for made in maps.values())) if maps else 1.0
    made = [_example(material, each, maps.get(each[0]), scale) for each in chosen]
    note = f"{note} {material.as_it_has_them}".strip()
    blocks: list[Block] = [Text(note, "note"), Gallery(tuple(made))]
    answers = {"examples"}
    if maps:
        answers.add("maps")
        blocks.append(_sheet(material, chosen, maps, scale, about))
    return Section("examples", title, tuple(blocks), frozenset(answers))


Chosen = tuple[str, str, str, float, float]
"""Sample id, label, prediction, its probability, margin."""


def _chosen(material: Material) -> list[Chosen]:
    """As many of each pair and direction as there is room for, the largest margins first."""
    run, shown = material.run, material.apart
    rows = run.in_split(material.split)
    queues = []
    for first, second in material.pairs:
        errors = evaluate_pair(shown, run.scores[rows], first, second).errors
        for true in (first, second):
            of = errors[errors["true"] == true]
            names = ["sample_id", "true", "predicted", "probability", "margin"]
            queues.append(list(of[names].itertuples(index=False, name=None)))
    chosen: list[Chosen] = []
    for rank in range(max(map(len, queues), default=0)):
        chosen += [queue[rank] for queue in queues if rank < len(queue)]
    return chosen[: material.options.examples]


def _maps(
    material: Material, chosen: list[Chosen]
) -> tuple[dict[str, Attribution], dict[str, object], str]:
    """Maps by sample id, what a file says of all of them, and a sentence on them, or on why there
    are none."""
    run = material.run
    told = (
        "The errors of these pairs with the largest margins, as many of each direction as there is "
        "room for."
    )
    if run.imported:
        return {}, {}, f"{told} No maps: they need the network that made the predictions."
    from dermxai.explain.attribution.api import explain, find_method, first_method
    from dermxai.models import load_classifier

    made_by, found = run.checkpoint, {}
    try:
        classifier = load_classifier(made_by["path"], **made_by.get("options", {}))
        run.check_classifier(classifier)
    except InputError as error:
        return {}, {}, f"{told} No maps: {error}"
    name = first_method(classifier)
    method = find_method(name)
    for done, (sample_id, true, predicted, *_) in enumerate(chosen):
        material.report("images", done, len(chosen))
        try:
            pixels = _pixels(material, sample_id)
            found[sample_id] = explain(classifier, pixels, name, predicted, true, keep=True)
        except InputError:
            continue  # the gallery says which images cannot be read
    about = origin(run, material.split) | {
        "preprocessing": asdict(classifier.info.preprocessing),
        "overlay": {"strength": STRENGTH, "grey": True},
    }
    told += (
        f" Beside each image its map by {method.title}: yellow speaks for the prediction, blue for "
        f"the label; full colour means the same in all. {method.note}"
    )
    return found, about, told


def _pixels(material: Material, sample_id: str) -> NDArray[np.uint8]:
    """
    Raises:
        InputError: it cannot be read, or has changed since.
    """
    run = material.run
    run.check_image(sample_id)
    path = str(run.samples["path"].iloc[int(run.index([sample_id])[0])])
    return read_image(path, profiles=run.colour_profiles)


def _example(material: Material, chosen: Chosen, made: Attribution | None, scale: float) -> Example:
    sample_id, true, predicted, probability, margin = chosen
    caption = (
        sample_id,
        f"label {true}, predicted as {predicted} ({percent(probability, 0)}), margin {margin:.2f}",
    )
    try:
        pixels = _pixels(material, sample_id)
    except InputError:
        return Example((), (*caption, "cannot be read or has changed since"))
    pictures = [pixels]
    if made is not None:
        pictures.append(over_grey(pixels, made.density, STRENGTH, scale))
    return Example(tuple(map(_jpeg, pictures)), caption)


def _sheet(
    material: Material,
    chosen: list[Chosen],
    maps: dict[str, Attribution],
    scale: float,
    about: dict[str, object],
) -> Drawing:
    pictures = list(_pictures(material, chosen, maps, scale))
    title = f"{count(len(pictures), 'error')}: prediction against label"
    return Drawing(
        "examples",
        title,
        export.svg(pictures, title, _COLUMNS, about),
        export.pdf(pictures, title, _COLUMNS, about),
        embedded=False,
    )


def _pictures(
    material: Material, chosen: list[Chosen], maps: dict[str, Attribution], scale: float
) -> Iterator[Picture]:
    for sample_id, true, predicted, *_ in chosen:
        if (made := maps.get(sample_id)) is None:
            continue
        title = f"{true} predicted as {predicted}"
        drawn = over_grey(_pixels(material, sample_id), made.density, STRENGTH, scale)
        yield Picture(title, _smaller(drawn), made, scale, *ends(made), name=sample_id)


def _smaller(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    small = Image.fromarray(pixels)
    small.thumbnail((2 * _SIDE, 2 * _SIDE))
    return np.asarray(small)


def _jpeg(pixels: NDArray[np.uint8]) -> bytes:
    small = Image.fromarray(pixels)
    small.thumbnail((_SIDE, _SIDE))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()
