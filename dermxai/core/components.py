"""Plug-ins: one file each, discovered automatically, validated as they load.

A component is a frozen dataclass whose fields describe it and whose methods do its work. A file of
a kind's package holds one or more of them, under any name; so does what another installed package
offers as an entry point of the kind's group. One that does not load, or is not what its kind asks
for, is left out with its reason and stops nothing else.
"""

import inspect
import logging
import os
from abc import ABC
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache, wraps
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from pkgutil import iter_modules
from traceback import extract_tb
from types import ModuleType
from typing import Annotated, Generic, ParamSpec, TypeVar, get_type_hints

from pydantic import ConfigDict, StringConstraints, TypeAdapter, ValidationError

from dermxai.core.errors import InputError

log = logging.getLogger(__name__)
FOREIGN = "DERMXAI_PLUGINS"  # environment variable: what is not "on" leaves others' out

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Text = Annotated[str, StringConstraints(min_length=1)]
"""One that is not empty."""


@dataclass(frozen=True, kw_only=True)
class Component(ABC):
    """
    Attributes:
        name: in addresses, commands and kept files; lower-case letters, digits and "_".
    """

    name: Name


C = TypeVar("C", bound=Component)
C_co = TypeVar("C_co", bound=Component, covariant=True)
P = ParamSpec("P")


@dataclass(frozen=True)
class LeftOut:
    """A plug-in that cannot be used.

    Attributes:
        name: of its file or entry point.
        reason: a sentence.
    """

    name: str
    reason: str


@dataclass(frozen=True)
class Kind(Generic[C_co]):
    """A kind of component, and where it is found.

    Attributes:
        base: what each is an instance of.
        package: whose modules hold them; also the group of the entry points.
        title: "attribution method".
        faults: what else is wrong with one, a sentence each.
    """

    base: type[C_co]
    package: str
    title: str
    faults: Callable[..., Iterator[str]] = lambda _: iter(())

    def all(self) -> Mapping[str, C_co]:
        """By name: those of the package in alphabetical order, then those of others."""
        return dict(_discovered(self)[0])

    def left_out(self) -> tuple[LeftOut, ...]:
        """Those that cannot be used."""
        return _discovered(self)[1]

    def origins(self) -> Mapping[str, str]:
        """By name, which installed package each is from."""
        return dict(_discovered(self)[2])

    def faults_of(self, made: Component, taken: Mapping[str, Component]) -> Iterator[str]:
        """What is wrong with one, a sentence each.

        Args:
            taken: others, whose names it may not have.
        """
        return _faults(self, made, taken)

    def find(self, name: str) -> C_co:
        """
        Raises:
            InputError: there is none of that name.
        """
        found = self.all()
        if name not in found:
            raise InputError(f"There is no {self.title} {name!r}; choose from {', '.join(found)}.")
        return found[name]


def forget() -> None:
    """Files lie elsewhere now: they are looked for again."""
    _discovered.cache_clear()


def foreign_allowed() -> bool:
    """Whether components of other installed packages are loaded: unless something else than "on" is
    said."""
    return os.environ.get(FOREIGN, "").strip().lower() in {"", "on", "1", "yes", "true"}


@cache
def _discovered(kind: Kind[C]) -> tuple[dict[str, C], tuple[LeftOut, ...], dict[str, str]]:
    found: dict[str, C] = {}
    origins: dict[str, str] = {}
    unusable: list[LeftOut] = []
    for source, package, load in _sources(kind.package):
        try:
            made = _components(kind, load())
            faults = [] if made else [f"It holds no {kind.title}."]
            for each in made:
                if found.get(each.name) is each:  # a file imports another's
                    continue
                wrong = list(_faults(kind, each, found))
                faults += wrong
                if not wrong:
                    found[each.name] = each
                    origins[each.name] = package
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # sys.exit in a file of somebody else's, too
            log.warning("%s of %s does not load (%s).", source, kind.package, error_text(error))
            log.debug("Its traceback:", exc_info=True)
            faults = [f"It does not load ({error_text(error)})."]
        unusable += [LeftOut(source, fault) for fault in faults]
    return found, tuple(unusable), origins


def _sources(package: str) -> Iterator[tuple[str, str, Callable[[], object]]]:
    """Names of files and entry points, the installed package of each, and what loads it."""
    path, own = import_module(package).__path__, package.partition(".")[0]
    for name in sorted(info.name for info in iter_modules(path) if not info.name.startswith("_")):
        yield name, own, lambda name=name: import_module(f"{package}.{name}")  # type: ignore[misc]
    if foreign_allowed():
        for point in sorted(entry_points(group=package), key=lambda each: (each.name, each.value)):
            if point.dist:
                yield f"{point.name} of {point.dist.name}", point.dist.name, point.load
            else:
                yield point.name, point.module, point.load


def _components(kind: Kind[C], loaded: object) -> list[C]:
    """What a module holds, or an entry point is; each once."""
    held = vars(loaded).values() if isinstance(loaded, ModuleType) else [loaded]
    made = [each for each in held if isinstance(each, kind.base)]
    return [each for place, each in enumerate(made) if each not in made[:place]]


def _faults(kind: Kind[C], made: Component, taken: Mapping[str, Component]) -> Iterator[str]:
    """What is wrong with a component, a sentence each."""
    hints = get_type_hints(type(made), include_extras=True)
    wrong = []
    for field in fields(made):
        adapter = TypeAdapter(hints[field.name], config=ConfigDict(arbitrary_types_allowed=True))
        try:
            adapter.validate_python(getattr(made, field.name), strict=True)
        except ValidationError as error:
            fault = error.errors()[0]["msg"]
            came = getattr(made, field.name)
            wrong.append(f"{field.name} is {came!r}: {fault[:1].lower()}{fault[1:]}.")
    wrong += _changed_signatures(type(made), kind.base)
    yield from wrong
    if wrong:
        return
    if made.name in taken:
        yield f"There is another {kind.title} {made.name!r}."
    elif isinstance(made, kind.base):
        yield from kind.faults(made)
    else:
        yield f"It is no {kind.title}."


def _changed_signatures(made: type, base: type) -> Iterator[str]:
    for name, method in vars(base).items():
        if name.startswith("_") or not inspect.isfunction(method):
            continue
        asked = list(inspect.signature(method).parameters)
        given = list(inspect.signature(getattr(made, name)).parameters)
        if asked != given:
            yield f"{name} takes {', '.join(given)}; expected {', '.join(asked)}."


def faults_as_sentences(faults: Callable[P, Iterator[str]]) -> Callable[P, Iterator[str]]:
    """Checks of a component, of which one that raises anything is a fault, too, and the last."""

    @wraps(faults)
    def told(*args: P.args, **kwargs: P.kwargs) -> Iterator[str]:
        found: list[str] = []
        try:
            for fault in faults(*args, **kwargs):
                found.append(fault)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # sys.exit in a file of somebody else's, too
            log.info("A component raises an exception.", exc_info=True)
            at = extract_tb(error.__traceback__)[-1]
            found.append(
                f"It raises {error_text(error)} ({Path(at.filename).name}, line {at.lineno})."
            )
        yield from found

    return told


def lower_first(fault: str) -> str:
    """A sentence as the end of another."""
    return fault[:1].lower() + fault[1:]


def error_text(error: BaseException) -> str:
    """An error's kind and words, where it has some to say."""
    try:
        return " ".join(f"{type(error).__name__}: {error}".split()).rstrip(".: ")
    except Exception:
        return type(error).__name__
