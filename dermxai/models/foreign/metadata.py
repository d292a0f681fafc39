"""Metadata of a checkpoint, in its file or beside it: architecture, classes, input, outputs."""

import os
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TypeGuard

import timm

from dermxai.core import entries
from dermxai.core.activation import ACTIVATIONS, SIGMOID
from dermxai.core.entries import UnusableError, shown
from dermxai.core.errors import InputError
from dermxai.core.paths import readable
from dermxai.models.info import LAYOUTS, MOST_CLASSES

ARCHITECTURE = ("architecture", "arch", "model_name", "model", "encoder_name", "backbone")
CLASSES = ("classes", "class_names", "label_names", "labels", "categories", "vocab", "CLASSES")
INDICES = ("class_to_idx", "label2id", "class_to_index")
NAMES_BY_INDEX = ("idx_to_class", "id2label", "index_to_class")
SIZE = ("crop_size", "size", "img_size", "image_size", "input_size", "resolution")
MEANS, DEVIATIONS = ("mean", "image_mean"), ("std", "image_std")
SETTINGS = (
    "preprocessor_config",
    "hyper_parameters",
    "hparams",
    "args",
    "config",
    "cfg",
    "pretrained_cfg",
    "model_args",
    "meta",
    "dataset_meta",
)
"""Where programs keep what a network was made with, or what lies in that."""
FIRST = SETTINGS[0]
LARGEST = 4096
BYTES = 255.0


@dataclass(frozen=True)
class Metadata:
    """What is stated of a checkpoint; None where nothing is.

    Attributes:
        sources: where each is stated, such as ``class_to_idx in the file``.
        notes: what is stated but not used, and why.
    """

    architecture: str | None = None
    classes: tuple[str, ...] | None = None
    size: int | None = None
    mean: tuple[float, float, float] | None = None
    std: tuple[float, float, float] | None = None
    activation: str | None = None
    weights: str | None = None
    layout: str | None = None
    sources: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def or_else(self, other: "Metadata") -> "Metadata":
        """These values, and the other's where there are none."""
        missing = {
            each.name: getattr(other, each.name)
            for each in fields(self)
            if getattr(self, each.name) is None
        }
        sources = {name: of for name, of in other.sources.items() if name in missing}
        return replace(
            self,
            **missing,
            sources=sources | dict(self.sources),
            notes=self.notes + other.notes,
        )


def sidecar_metadata(path: Path) -> Metadata:
    """Of a JSON file beside the checkpoint that has its name.

    Raises:
        InputError: it is no JSON object, or holds something of another kind.
    """
    beside = readable(path.with_suffix(".json"))
    if not os.path.lexists(beside) or path.suffix == ".json":
        return Metadata()
    try:
        content = entries.read_json(beside)
    except UnusableError as error:
        raise InputError(f"{beside} is not valid JSON: it {error}.") from error
    if not isinstance(content, dict):
        raise InputError(
            f"{beside} does not describe the checkpoint beside it; expected an object with "
            "architecture, classes, size, mean, std and activation, each if known."
        )
    stated = {name: content[name] for name in _EXPECTED if name in content}
    match stated.get("size"):
        case [height, width] if height == width:
            stated["size"] = height
    check_metadata(stated, beside)
    stated = {name: tuple(v) if isinstance(v, list) else v for name, v in stated.items()}
    if "classes" in stated:
        stated["classes"] = tuple(map(str, stated["classes"]))
    return Metadata(**stated, sources=dict.fromkeys(stated, beside.name))


def check_metadata(stated: Mapping[str, object], source: Path) -> None:
    """
    Raises:
        InputError: a value, if it is not None, is of another kind.
    """
    for name, value in stated.items():
        fits, expected = _EXPECTED[name]
        if value is not None and not fits(value):
            raise InputError(f"{source}: {name} is {value!r}; expected {expected}.")


def embedded_metadata(content: Mapping[str, object], where: str) -> Metadata:
    """Of the plain values beside the weights, as far as they are of a kind that is known.

    Args:
        where: they stand, for `Metadata.sources`.
    """
    found = Metadata()
    for place, values in _levels(content):
        for name, key, value in _known_values(values):
            source = f"{place}{key} {where}"
            if getattr(value, name) is not None:
                found = found.or_else(replace(value, sources={name: source}))
            elif name == "classes":
                note = f"{source} names no classes by the index of their outputs"
                found = found.or_else(Metadata(notes=(note,)))
            elif name in _EXPECTED_IN_FILES and _holds_numbers(values[key]):
                note = f"{source} is {shown(str(values[key]))}, not {_EXPECTED_IN_FILES[name]}"
                found = found.or_else(Metadata(notes=(note,)))
    return found


_EXPECTED_IN_FILES = {
    "size": f"one side of at most {LARGEST:,} pixels",
    "mean": "three numbers from 0 to 1, or to 255",
    "std": "three numbers above 0, to 1 or to 255",
}


def _holds_numbers(value: object) -> bool:
    values = list(value) if isinstance(value, list | tuple) else [value]
    return bool(values) and all(isinstance(each, float) or _is_whole(each) for each in values)


def _levels(content: Mapping[str, object]) -> Iterator[tuple[str, Mapping[str, object]]]:
    for key in SETTINGS:
        for place, values in _settings(content, key):
            yield place, values
            for deeper in SETTINGS:
                for below, further in _settings(values, deeper):
                    yield f"{place}{below}", further
        if key == FIRST:  # what the input was like at last
            yield "", content


def _settings(
    content: Mapping[str, object], key: str
) -> Iterator[tuple[str, Mapping[str, object]]]:
    inside = content.get(key)
    values = vars(inside) if isinstance(inside, Namespace) else inside
    if isinstance(values, Mapping):
        yield f"{key}.", values


def _known_values(values: Mapping[str, object]) -> Iterator[tuple[str, str, Metadata]]:
    """A field, under which key it stands, and the metadata with it alone: none where it is of no
    use."""
    scaled = _of_one(values)
    for name, keys, reader in _READERS:
        for key in keys:
            if values.get(key) is not None:
                yield name, key, reader(scaled[key])


def timm_name(name: str) -> str | None:
    """timm's name of a network, by it or by torchvision's; None for others."""
    name = name.removeprefix("timm/").removeprefix("hf_hub:timm/").removeprefix("hf-hub:timm/")
    name = _OF_TORCHVISION.get(name, name.split(".")[0])
    return name if len(name) < entries.LONGEST and timm.is_model(name) else None


_OF_TORCHVISION = {
    **{f"efficientnet_v2_{letter}": f"efficientnetv2_{letter}" for letter in "sml"},
    **{f"vit_{s}_{p}": f"vit_{long}_patch{p}_224" for s, long in (("b", "base"), ("l", "large"))
       for p in (16, 32)},
    **{f"swin_{s}": f"swin_{long}_patch4_window7_224" for s, long in
       (("t", "tiny"), ("s", "small"), ("b", "base"))},
    "mobilenet_v2": "mobilenetv2_100",
    "mobilenet_v3_large": "mobilenetv3_large_100",
    "mobilenet_v3_small": "mobilenetv3_small_100",
    **{f"efficientnet-b{k}": f"tf_efficientnet_b{k}" for k in range(9)},
}  # fmt: skip


def _architecture(value: object) -> Metadata:
    return Metadata(architecture=timm_name(value) if isinstance(value, str) else None)


def _activation(value: object) -> Metadata:
    return Metadata(activation=SIGMOID if value == "multi_label_classification" else None)


def _classes(values: object) -> Metadata:
    return Metadata(classes=_names(values) if isinstance(values, list | tuple) else None)


def _names(values: Sequence[object]) -> tuple[str, ...] | None:
    names = tuple(str(each) for each in values[: MOST_CLASSES + 1])
    good = all(isinstance(each, str | int) and str(each).strip() for each in values[:MOST_CLASSES])
    return names if names and good and len(set(names)) == len(names) else None


def _indices(indices: object) -> Metadata:
    if not isinstance(indices, Mapping) or len({*map(str, indices.values())}) < len(indices):
        return Metadata()
    return _names_by_index({str(index): name for name, index in indices.items()})


def _names_by_index(names: object) -> Metadata:
    """In the order of their indices, where these count from 0 on."""
    if not isinstance(names, Mapping):
        return Metadata()
    try:
        by_index = {int(index): str(name) for index, name in names.items()}
    except (TypeError, ValueError):
        return Metadata()
    if len(by_index) != len(names) or sorted(by_index) != list(range(len(names))):
        return Metadata()
    ordered = tuple(by_index[index] for index in range(len(by_index)))
    generic = all(name == f"LABEL_{index}" for index, name in enumerate(ordered))
    return Metadata(classes=None if generic else _names(ordered))


def _size(value: object) -> Metadata:
    """Of 224, [224, 224], [3, 224, 224] or {"height": 224, "width": 224}."""
    if isinstance(value, Mapping):
        sides = [value[k] for k in ("height", "width", "shortest_edge") if k in value]
    else:
        sides = list(value)[-2:] if isinstance(value, list | tuple) else [value]
    whole = [s for s in sides if _is_whole(s) and 1 < s <= LARGEST]
    return Metadata(size=whole[0] if whole and whole == [whole[0]] * len(sides) else None)


def _mean(value: object) -> Metadata:
    return Metadata(mean=_channels(value))


def _std(value: object) -> Metadata:
    found = _channels(value)
    return Metadata(std=found if found and min(found) > 0 else None)


def _channels(value: object) -> tuple[float, float, float] | None:
    if not isinstance(value, list | tuple) or len(value) != 3 or not _are_numbers(value):
        return None
    red, green, blue = (float(each) for each in value)
    return (red, green, blue) if all(0 <= each <= 1 for each in (red, green, blue)) else None


def _of_one(values: Mapping[str, object]) -> Mapping[str, object]:
    """With mean and deviation for pixels from 0 to 1, where they are for such from 0 to 255, as
    mmpretrain writes them."""
    given = {key: each for key in (*MEANS, *DEVIATIONS) if (each := values.get(key)) is not None}
    numbers = {k: v for k, v in given.items() if isinstance(v, list | tuple) and _are_numbers(v)}
    if not any(1 < max(each) <= BYTES for each in numbers.values()):
        return values
    return {**values, **{key: [each / BYTES for each in v] for key, v in numbers.items()}}


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _are_names(value: object) -> bool:
    names = value if isinstance(value, list | tuple) else [None]
    return all(_is_text(name) or _is_whole(name) for name in names)


def _are_numbers(value: object) -> bool:
    values = value if isinstance(value, list | tuple) else [None]
    return len(values) == 3 and all(isinstance(each, float) or _is_whole(each) for each in values)


_READERS: tuple[tuple[str, tuple[str, ...], Callable[[object], Metadata]], ...] = (
    ("architecture", ARCHITECTURE, _architecture),
    ("classes", CLASSES, _classes),
    ("classes", INDICES, _indices),
    ("classes", NAMES_BY_INDEX, _names_by_index),
    ("size", SIZE, _size),
    ("mean", MEANS, _mean),
    ("std", DEVIATIONS, _std),
    ("activation", ("problem_type",), _activation),
)
_EXPECTED = {
    "architecture": (_is_text, "the name of a network of timm"),
    "classes": (_are_names, "a list of names, in the order of the outputs"),
    "size": (_is_whole, "a whole number of pixels"),
    "mean": (_are_numbers, "a number for each of three channels, of values from 0 to 1"),
    "std": (_are_numbers, "a number for each of three channels, of values from 0 to 1"),
    "activation": (lambda value: value in ACTIVATIONS, " or ".join(ACTIVATIONS)),
    "weights": (_is_text, "the name of the weights in the file, such as state_dict_ema"),
    "layout": (lambda value: value in LAYOUTS, " or ".join(LAYOUTS)),
}


def few_names(names: Sequence[str]) -> str:
    """A few names, for a sentence."""
    few = ", ".join(shown(name) for name in names[:5])
    return f"{few} and {len(names) - 5} more" if len(names) > 5 else few
