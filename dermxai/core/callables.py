"""Packages that are called as the function that bears their name."""

import inspect
import sys
from collections.abc import Callable
from types import ModuleType


class CallablePackage(ModuleType):
    """``dermxai.explain`` is both the package and its function ``explain``, whichever was imported
    first; the same for ``dermxai.report``."""

    def __call__(self, *args: object, **kwargs: object) -> object:
        return _function(self)(*args, **kwargs)

    @property
    def __doc__(self) -> str | None:  # type: ignore[override]
        return _function(self).__doc__

    @property
    def __signature__(self) -> inspect.Signature:
        return inspect.signature(_function(self))


def make_callable(package: str) -> None:
    """
    Args:
        package: full name of one that has a function of its own name.
    """
    sys.modules[package].__class__ = CallablePackage


def _function(package: ModuleType) -> Callable[..., object]:
    function: Callable[..., object] = getattr(package, package.__name__.rpartition(".")[2])
    return function
