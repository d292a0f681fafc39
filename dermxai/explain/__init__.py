"""Explanations of a decision: votes of the heads, attribution maps, and their faithfulness.

The package is called as `dermxai.explain.api.explain`.
"""

from typing import TYPE_CHECKING

from dermxai.callables import make_callable
from dermxai.explain.method import Attribution, Cancelled, Target

if TYPE_CHECKING:
    from dermxai.explain.api import explain
    from dermxai.explain.diagnosis import Diagnosis, diagnose

__all__ = ["Attribution", "Cancelled", "Diagnosis", "Target", "diagnose", "explain"]

make_callable(__name__)


def __getattr__(name: str) -> object:
    """Imports torch only when something is explained."""
    if name in ("Diagnosis", "diagnose"):
        from dermxai.explain import diagnosis

        return getattr(diagnosis, name)
    if name == "explain":
        from dermxai.explain import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
