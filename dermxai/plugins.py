"""Plug-ins are discovered automatically in a package: one file each, nothing to register. One that
does not load, or lacks what its kind must have, is left out with its reason and stops nothing
else."""

import logging
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LeftOut:
    """A plug-in that cannot be used.

    Attributes:
        name: of its file.
        reason: a sentence.
    """

    name: str
    reason: str


def modules(package: str, contract: type | None = None) -> dict[str, ModuleType]:
    """The modules that lie directly in ``package``, by name, in alphabetical order.

    Args:
        contract: a protocol whose members each must have.
    """
    return dict(_looked_at(package, contract)[0])


def left_out(package: str, contract: type | None = None) -> tuple[LeftOut, ...]:
    """Those that cannot be used."""
    return _looked_at(package, contract)[1]


def forget() -> None:
    """Files lie elsewhere now: they are looked for again."""
    _looked_at.cache_clear()


@cache
def _looked_at(
    package: str, contract: type | None
) -> tuple[dict[str, ModuleType], tuple[LeftOut, ...]]:
    path = import_module(package).__path__
    found, unusable = {}, []
    for name in sorted(info.name for info in iter_modules(path) if not info.name.startswith("_")):
        try:
            module = import_module(f"{package}.{name}")
            missing = [each for each in members(contract) if not hasattr(module, each)]
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # sys.exit in a file of somebody else's, too
            log.warning("%s.%s does not load.", package, name, exc_info=True)
            unusable.append(LeftOut(name, f"It does not load ({_said(error)})."))
            continue
        if missing:
            unusable.append(LeftOut(name, f"It has no {', '.join(missing)}."))
        else:
            found[name] = module
    return found, tuple(unusable)


def _said(error: BaseException) -> str:
    """An error's kind and words, where it has some to say."""
    try:
        return f"{type(error).__name__}: {error}".rstrip(".: ")
    except Exception:
        return type(error).__name__


def members(contract: type | None) -> tuple[str, ...]:
    """Names of what a protocol asks for."""
    if contract is None:
        return ()
    named = [*contract.__annotations__, *vars(contract)]
    return tuple(dict.fromkeys(name for name in named if not name.startswith("_")))
