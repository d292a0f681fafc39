"""What a job can be: one file a kind, discovered automatically.

Each offers ``LANE`` ("device", "processor" or "aside": one job runs in each at a time, of "device"
one on each GPU; "aside" has a GPU only where one is free at once), ``title(arguments)`` and
``run(report, …)``, which returns what `Job.result` shows. It calls ``report`` often: that is where
it is cancelled. What it had finished must serve it when it is run again. One that can tell at once
what ``run`` would refuse offers ``check(arguments)``; one whose work several processes can share
offers ``share``, see `dermxai.jobs.shares`.
"""

import inspect
from collections.abc import Mapping, Sequence
from types import ModuleType, UnionType
from typing import Any, Protocol, get_args, get_origin

from dermxai.errors import KINDS, InputError
from dermxai.plugins import modules

_WORDS: Mapping[Any, str] = {**KINDS, Sequence: "a list", Mapping: "settings by their names"}
OPTIONS: Mapping[str, Sequence[str]] = {
    "checkpoint_options": ("architecture", "classes", "size"),
    "dataset_options": ("columns", "label_map", "confine"),
}
"""What `load_classifier` and `load_dataset` can be told, without importing them."""


class Report(Protocol):
    """Told how far the work is, with newest figures, `dermxai.formatting.LEFT` among them where the
    work knows how long it still takes; raises `dermxai.errors.Cancelled` to stop it."""

    def __call__(
        self, phase: str, step: int, total: int, figures: Mapping[str, float] | None = None
    ) -> None: ...


def find_kind(name: str) -> ModuleType:
    """
    Raises:
        InputError: there is no such kind.
    """
    kinds = modules(__name__)
    if name not in kinds:
        raise InputError(f"There is no kind of job {name!r}; there are {', '.join(kinds)}.")
    return kinds[name]


def check_arguments(kind: ModuleType, arguments: Mapping[str, Any]) -> None:
    """
    Raises:
        InputError: an argument is missing, unknown or of another kind, or the kind refuses it.
    """
    parameters = dict(list(inspect.signature(kind.run).parameters.items())[1:])
    unknown = [name for name in arguments if name not in parameters]
    needed = [name for name, each in parameters.items() if each.default is each.empty]
    missing = [name for name in needed if name not in arguments]
    if unknown or missing:
        wrong = f"does not know {unknown[0]!r}" if unknown else f"needs {missing[0]!r}"
        raise InputError(
            f"A job of kind {kind.__name__.rpartition('.')[2]!r} {wrong}; it takes "
            f"{', '.join(parameters)}."
        )
    _check_types(parameters, arguments)
    for name, known in OPTIONS.items():
        if strange := [option for option in arguments.get(name) or () if option not in known]:
            raise InputError(f"{name} has no {strange[0]!r}; there are {', '.join(known)}.")
    if check := getattr(kind, "check", None):
        check(arguments)


def check_types(kind: str, arguments: Mapping[str, Any]) -> None:
    """As `check_arguments`, of a job of perhaps another version: settings, and what is not known
    today, may be anything.

    Raises:
        InputError: an argument is missing, or of another type.
    """
    module = modules(__name__).get(kind)
    if module is None:
        return
    parameters = dict(list(inspect.signature(module.run).parameters.items())[1:])
    texts_and_numbers = {
        name: each
        for name, each in parameters.items()
        if not {Mapping, Sequence} & set(allowed(each.annotation))
    }
    _check_types(texts_and_numbers, arguments)
    needed = [name for name, each in parameters.items() if each.default is each.empty]
    if missing := [name for name in needed if name not in arguments]:
        raise InputError(f"{missing[0]} is missing.")


def _check_types(parameters: Mapping[str, inspect.Parameter], arguments: Mapping[str, Any]) -> None:
    for name, value in arguments.items():
        if name not in parameters:
            continue
        expected = allowed(parameters[name].annotation)
        if not any(_is(value, each) for each in expected):
            raise InputError(f"{name} is {value!r}; expected {_WORDS.get(expected[0], 'another')}.")


def allowed(annotation: Any) -> tuple[Any, ...]:
    """The types that an argument may have, without what they hold: (int, NoneType), say."""
    several = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
    return tuple(get_origin(each) or each for each in several)


def _is(value: object, kind: Any) -> bool:
    if isinstance(value, bool | str):  # neither a number nor a list here
        return kind in (type(value), Any)
    return kind is Any or isinstance(value, kind)
