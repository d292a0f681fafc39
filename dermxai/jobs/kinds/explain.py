"""Attribution maps of images and datasets: figures to look at, arrays to compute with."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from dermxai.core import disk, paths
from dermxai.core.errors import InputError
from dermxai.core.settings import Settings, setting
from dermxai.jobs import shares as sharing
from dermxai.jobs.kinds import SHARES, JobKind, Report, Share
from dermxai.jobs.loading import opened_classifier, opened_dataset

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dermxai.explain import Attribution
    from dermxai.models.classifier import Classifier

STRENGTH = 0.6
NAMED = 5  # unknown ids that an error names
ITEM, ASKED = 128, 96  # bytes, of the 255 that a file's name may have, for the image and the wish


class _About(TypedDict):
    """Where the maps of an image come from, and ``wish``, all that they depend on."""

    images: list[dict[str, str | None]]
    checkpoint: str
    checkpoint_hash: str
    preprocessing: dict[str, object]
    versions: Mapping[str, str]
    wish: str


class Arguments(Settings):
    """``method`` to ``settings`` are those of `dermxai.explain.explain`."""

    checkpoint: str = setting(..., "Folder of the checkpoint.")
    images: Sequence[str] = setting(..., "Image files and datasets.")
    output: str = setting(..., "Folder for a .png, a .svg and a .npz of each image.")
    method: str | None = setting(
        None, "Attribution method; Grad-CAM if not given, or the first that the network has."
    )
    target: str | None = setting(None, "Class; the predicted one if not given.")
    against: str | None = setting(None, "Class to explain against.")
    head: str | None = setting(None, "Whose logit; the sum of all heads if not given.")
    settings: Mapping[str, object] | None = setting(None, "Settings of the method.")
    split: str | None = setting(None, "Of datasets only the images of this split.")
    label: str | None = setting(None, "Of datasets only the images of this class.")
    sample_ids: Sequence[str] | None = setting(None, "Of datasets only these images.")
    selection: str | None = setting(
        None, "Of datasets only the images of this selection, by its key (sel in the address)."
    )
    common_scale: bool = setting(
        False,
        "The same value gets the full colour in every figure, so that figures compare; the maps "
        "are kept in the workspace, too.",
    )
    device: str | None = setting(None, "As torch names it; a GPU where there is one.")
    checkpoint_options: Mapping[str, object] | None = setting(None, "Options of load_classifier.")
    dataset_options: Mapping[str, object] | None = setting(None, "Options of load_dataset.")
    shares: int = SHARES


@dataclass(frozen=True, kw_only=True)
class Explain(JobKind[Arguments]):
    """Files that are there already, of the same wish, are kept: interrupted, it resumes."""

    def title(self, arguments: Mapping[str, object]) -> str:
        method = arguments.get("method")
        return f"Explanations ({method})" if method else "Explanations"

    def work(self, report: Report, arguments: Arguments) -> dict[str, object]:
        """
        Returns:
            The files that are there, the method, why it was chosen where none was named and the
            network has no Grad-CAM (else empty), and of images that cannot be used the reason.

        Raises:
            InputError: unknown method, class, head, setting, sample id, selection or device, or not
                one image can be read.
        """
        report("loading", 0, 0)
        sharing.together(self.name, arguments, arguments.shares, "", report)
        return _explained(report, None, arguments)

    def work_on_share(self, report: Report, share: Share, arguments: Arguments) -> None:
        report("loading", 0, 0)
        _explained(report, (share.index, share.of), arguments)


EXPLAIN = Explain(name="explain", lane="device", arguments=Arguments)


def _explained(
    report: Report, part: tuple[int, int] | None, asked_for: Arguments
) -> dict[str, object]:
    """The work, or every so many-th image of it: with one scale for all its map alone,
    which is kept, since the scale is known when all are there.

    Args:
        part: which, and of how many; None: all.
    """
    from dermxai.data.images import read_image
    from dermxai.explain import explain
    from dermxai.explain.attribution.api import (
        check_target,
        checked_settings,
        chosen_method,
        find_method,
        valid_method,
    )
    from dermxai.figures.overlay import full_colour
    from dermxai.models.devices import usable_device

    target, against = asked_for.target, asked_for.against
    head, common_scale = asked_for.head, asked_for.common_scale
    output = Path(asked_for.output)
    items, unusable, labels = _chosen(
        asked_for.images,
        asked_for.dataset_options or {},
        asked_for.split,
        asked_for.label,
        _wanted(asked_for.sample_ids, asked_for.selection),
    )
    output.mkdir(parents=True, exist_ok=True)
    classifier = opened_classifier(asked_for.checkpoint, asked_for.checkpoint_options).to(
        usable_device(asked_for.device)
    )
    method, why = chosen_method(classifier, asked_for.method)
    chosen = checked_settings(method, asked_for.settings)
    cost = valid_method(method, classifier).passes(classifier, chosen)
    check_target(classifier, target, against, head)
    wish = (classifier.hash, method, find_method(method).version, target, against, head, chosen)
    asked = (method, target or "predicted", against and f"against-{against}", head)
    stems = _stems(output, [name for name, _ in items], ".".join(filter(None, asked)))
    items = items[part[0] :: part[1]] if part else items
    problems: dict[str, str] = {}

    def explained(index: int) -> "tuple[NDArray[np.uint8], Attribution]":
        def progress(done: int, total: int) -> None:
            report("passes", int((index + done / max(total, 1)) * cost), len(items) * cost)

        progress(0, 1)
        image = read_image(items[index][1], profiles=classifier.info.preprocessing.colour_profiles)
        made = explain(
            *(classifier, image, method, target, against),
            head=head,
            settings=chosen,
            progress=progress,
            keep=common_scale,
        )
        return image, made

    common: float | None = None
    if common_scale:
        common = 0.0
        for index, (name, _) in enumerate(items):
            try:
                common = max(common, full_colour(explained(index)[1].density))
            except InputError as error:
                problems[name] = str(error)
    if part and common_scale:
        return {}
    written: list[str] = []
    for index, (name, path) in enumerate(items):
        if name in problems:
            continue
        try:
            about = _about(classifier, name, path, labels.get(name), (*wish, common))
            if not _is_there(stems[name], about["wish"]):
                _save(*(stems[name], classifier, *explained(index)), about=about, common=common)
        except InputError as error:
            problems[name] = str(error)
            continue
        written += [str(file) for file in _files(stems[name])]
    if not written and not part:
        raise InputError(next(iter(problems.values())))
    report("passes", len(items) * cost, len(items) * cost)
    return {
        "written": written,
        "method": method,
        "method_chosen": why,
        "problems": [
            {"item": name, "reason": why} for name, why in (*unusable.items(), *problems.items())
        ],
    }


def _wanted(sample_ids: Sequence[str] | None, selection: str | None) -> Sequence[str] | None:
    """The ids that were asked for, or those of a selection.

    Raises:
        InputError: both were given, or the selection is not known.
    """
    from dermxai.data.selection import read as read_selection

    if selection is None:
        return sample_ids
    if sample_ids is not None:
        raise InputError("Sample ids and a selection were given; give one of the two.")
    return read_selection(selection).sample_ids


def _chosen(
    images: Sequence[str],
    options: Mapping[str, object],
    split: str | None,
    label: str | None,
    sample_ids: Sequence[str] | None,
) -> tuple[list[tuple[str, str]], dict[str, str], dict[str, str]]:
    """Name and path of each image, and of each wanted image of a dataset; what is wrong with those
    that a dataset cannot use, of which nobody knows split and label; and labels by name."""
    from dermxai.data.images import SUFFIXES

    wanted = None if sample_ids is None else {each.strip() for each in sample_ids} - {""}
    unknown = set(wanted or ())
    items: list[tuple[str, str]] = []
    unusable: dict[str, str] = {}
    labels: dict[str, str] = {}
    for path in map(Path, images):
        if path.is_file() and path.suffix.lower() in SUFFIXES:
            items.append((path.stem, str(path)))
            continue
        dataset = opened_dataset(path, options)
        samples = dataset.samples
        used = set(samples["sample_id"])
        unusable |= {
            problem.item: problem.reason
            for problem in dataset.problems
            if problem.item not in used and (wanted is None or problem.item in wanted)
        }
        for column, value in (("split", split), ("label", label)):
            if value is not None and column not in samples:
                raise InputError(f"{path} has no column {column!r} to choose images by.")
        unknown -= used | set(unusable)
        for column, value in (("split", split), ("label", label)):
            if value is not None:
                samples = samples[samples[column] == value]
        if wanted is not None:
            samples = samples[samples["sample_id"].isin(wanted)]
        items += zip(samples["sample_id"], samples["path"], strict=True)
        if "label" in samples:
            known = samples.dropna(subset="label")
            labels |= dict(zip(known["sample_id"], known["label"], strict=True))
    if unknown:
        some = ", ".join(sorted(unknown)[:NAMED]) + (", …" if len(unknown) > NAMED else "")
        raise InputError(f"{len(unknown)} sample ids are not in the datasets given: {some}.")
    if not items:
        first = next(iter(unusable.items()), None) if wanted else None
        why = f" ({first[0]}: {first[1]})" if first else ""
        raise InputError(f"No image fits{why}; choose another split, class or list of sample ids.")
    names = Counter(name for name, _ in items)
    if twice := [name for name, count in names.items() if count > 1]:
        raise InputError(
            f"Several images are called {twice[0]}, and one's files would replace the other's; "
            "explain them into different folders."
        )
    return items, unusable, labels


def _prediction(classifier: "Classifier", image: "NDArray[np.uint8]") -> dict[str, object]:
    """What an image is predicted as."""
    import torch

    from dermxai.metrics.probability import probabilities

    batch = torch.from_numpy(classifier.info.preprocessing(image))[None]
    device = next(classifier.network.parameters()).device
    scores = classifier.infer(batch.to(device)).logits.sum(1)[0].cpu().numpy()
    shares = probabilities(scores, classifier.info.activation)
    highest = int(scores.argmax())
    return {
        "predicted": classifier.info.classes[highest],
        "probability": float(shares[highest]),
    }


def _about(
    classifier: "Classifier", name: str, path: str, label: str | None, wish: tuple[object, ...]
) -> _About:
    """
    Raises:
        InputError: the image cannot be opened.
    """
    from dermxai.data.inventory import file_fingerprint
    from dermxai.runs.assembly import versions

    return {
        "images": [{"name": name, "path": path, "label": label}],
        "checkpoint": classifier.name,
        "checkpoint_hash": classifier.hash,
        "preprocessing": asdict(classifier.info.preprocessing),
        "versions": versions(),
        "wish": repr((*wish, path, file_fingerprint(path))),
    }


def _stems(output: Path, names: Sequence[str], asked: str) -> dict[str, Path]:
    """What the files of each image begin with, no two alike."""
    times, suffix = Counter(map(_plain, names)), _file_name(asked, ASKED)
    return {
        name: output / f"{_file_name(name, ITEM, marked=times[_plain(name)] > 1)}.{suffix}"
        for name in names
    }


def _file_name(text: str, most: int, marked: bool = False) -> str:
    """The text as a file's name of at most so many bytes; a hash of it ends one that had to be cut,
    or is to be marked."""
    plain = _plain(text)
    if not marked and len(plain.encode()) <= most:
        return plain
    mark = f"-{sha256(text.encode(errors='surrogateescape')).hexdigest()[:8]}"
    return plain.encode()[: most - len(mark)].decode(errors="ignore") + mark


def _plain(text: str) -> str:
    return re.sub(r"[^\w.-]+", "_", text)


def _files(stem: Path) -> tuple[Path, Path, Path]:
    """Figure for a slide, figure for a paper, numbers; the numbers are written last."""
    return tuple(stem.with_name(f"{stem.name}.{kind}") for kind in ("png", "svg", "npz"))  # type: ignore[return-value]


def _is_there(stem: Path, wish: str) -> bool:
    import numpy as np

    if not all(file.is_file() for file in _files(stem)):
        return False
    try:
        with (
            paths.readable(_files(stem)[-1]).open("rb") as file,
            np.load(file, allow_pickle=False) as held,
        ):
            return bool(json.loads(str(held["about"]))["wish"] == wish)
    except disk.UNREADABLE:
        return False


def _save(
    stem: Path,
    classifier: "Classifier",
    image: "NDArray[np.uint8]",
    made: "Attribution",
    *,
    about: _About,
    common: float | None,
) -> None:
    """
    Raises:
        InputError: the files cannot be written.
        OSError: the disk is full.
    """
    from dermxai.explain.attribution.api import find_method
    from dermxai.figures import export
    from dermxai.figures.overlay import Picture, ends, full_colour, over_grey

    scale = full_colour(made.density) if common is None else common
    name = str(about["images"][0]["name"])
    heading = f"{find_method(made.method).title}: {made.target}"
    heading += f" against {made.against}" if made.against else ""
    heading += f", {made.head}" if made.head else ""
    drawn = over_grey(image, made.density, STRENGTH, scale)
    picture = Picture(heading, drawn, made, scale, *ends(made), name=name)
    images = [about["images"][0] | _prediction(classifier, image)]
    told = {**about, "images": images, "overlay": {"strength": STRENGTH, "grey": True}}
    contents = (
        export.png([picture], name, about=told),
        export.svg([picture], name, about=told),
        export.npz([picture], told),
    )
    try:
        for file, content in zip(_files(stem), contents, strict=True):
            with disk.replacing(file) as path:
                path.write_bytes(content)
    except OSError as error:
        if error.errno in disk.FULL:
            raise
        raise InputError(f"Its maps cannot be written ({error}).") from error
