"""Plug-ins are found by looking into a package: one file each, nothing to register."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType


@cache
def modules(package: str) -> dict[str, ModuleType]:
    """The modules that lie directly in ``package``, by name, in alphabetical order."""
    path = import_module(package).__path__
    names = sorted(info.name for info in iter_modules(path) if not info.name.startswith("_"))
    return {name: import_module(f"{package}.{name}") for name in names}
