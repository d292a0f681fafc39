"""What texts on a command line stand for: arguments of a job, settings of a recipe."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from dermxai.core import parsing, paths
from dermxai.core.errors import InputError
from dermxai.core.settings import Settings
from dermxai.jobs.kinds import JobKind, allowed

# The arguments that name a file or folder, and where it lies.
_PLACES: Mapping[str, Callable[[str], Path]] = {
    "checkpoint": paths.named_checkpoint,
    "run": paths.named_run,
    "start_from": paths.named_checkpoint,
    **dict.fromkeys(("dataset", "images", "label_map", "output", "weights"), paths.named),
}


def arguments_of(kind: JobKind[Settings], texts: Mapping[str, str]) -> dict[str, object]:
    """Arguments of a kind from texts: ``name``, or ``name.part`` for a part of one. A recipe is one
    of the ready ones by its name, and parts replace its settings.

    Raises:
        InputError: a value of another kind, both a value and parts, a file that is not there, no
            such recipe or setting.
    """
    parameters = kind.arguments.model_fields
    arguments: dict[str, object] = {}
    parts: dict[str, dict[str, str]] = {}
    for key, text in texts.items():
        name, _, part = key.partition(".")
        if part:
            parts.setdefault(name, {})[part] = text
        elif name == "recipe" or name not in parameters:
            arguments[name] = text
        else:
            arguments[name] = _typed(name, text, allowed(parameters[name].annotation))
    if "recipe" in parameters:
        pairs = [f"{setting}={text}" for setting, text in parts.pop("recipe", {}).items()]
        pairs, swept = swept_of(pairs)
        arguments["recipe"] = recipe_of(str(arguments.get("recipe", "scratch")), pairs)
        arguments |= {"sweep": swept} if swept else {}
    for name, settings in parts.items():
        whole = arguments.setdefault(name, {})
        if not isinstance(whole, dict):
            raise InputError(f"{name} has a value and parts; give either.")
        for part, text in settings.items():
            whole[part] = _absolute(part, text) if part in _PLACES else _value(text)
    return arguments


def _typed(name: str, text: str, kinds: Sequence[object]) -> object:
    if str in kinds:
        return _absolute(name, text)
    if Sequence in kinds and not text.startswith("["):
        return [_absolute(name, part.strip()) for part in text.split(",") if part.strip()]
    if Sequence in kinds or Mapping in kinds:
        return _value(text)
    assert isinstance(kinds[0], type)
    return parsing.as_kind(kinds[0], name, text)


def recipe_of(name: str, pairs: Sequence[str]) -> dict[str, object]:
    """The settings of a ready recipe, replaced where texts such as epochs=5 say so. Its first
    weights are named as files and checkpoints are everywhere, and known by their absolute path.

    Raises:
        InputError: no such recipe, setting, file or checkpoint, or a value that is not allowed.
    """
    from dermxai.training.recipe import IMAGENET, PACKAGED, Recipe, chosen

    given = parsing.typed(Recipe, pairs)
    for setting in ("start_from", "weights"):
        if given.get(setting) not in (None, "", IMAGENET, PACKAGED):
            given[setting] = _absolute(setting, str(given[setting]))
    return chosen(name, given).model_dump()


def swept_of(pairs: Sequence[str]) -> tuple[list[str], dict[str, list[object]]]:
    """Texts such as epochs=5 without those that name several values, as learning_rate=1e-3,5e-4
    does; and these, by setting.

    Raises:
        InputError: a value of another kind.
    """
    from dermxai.training.recipe import Recipe
    from dermxai.training.studies.combinations import NOT_SWEPT

    given = parsing.assigned(pairs)
    several = {
        name: [part.strip() for part in text.split(",")]
        for name, text in given.items()
        if "," in text and name not in NOT_SWEPT
    }
    swept = {
        name: [parsing.typed(Recipe, [f"{name}={part}"])[name] for part in parts]
        for name, parts in several.items()
    }
    return [f"{name}={text}" for name, text in given.items() if name not in swept], swept


def _absolute(name: str, text: str) -> str:
    """A text as a kind wants it: what names a file or folder is its absolute path.

    Raises:
        InputError: what is to be read is not there.
    """
    if name not in _PLACES:
        return text
    place = _PLACES[name](text)
    if name != "output" and not place.exists():
        raise InputError(f"{name} is {text!r}, and there is no such file or folder.")
    return str(place)


def _value(text: str) -> object:
    """What JSON takes the text for, else the text."""
    try:
        value: object = json.loads(text)
    except ValueError:
        return text
    return value
