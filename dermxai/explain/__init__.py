"""Explanations of a decision: votes of the heads, attribution maps, and their faithfulness.

The package is called as `dermxai.explain.attribution.api.explain`.
"""

from typing import TYPE_CHECKING

from dermxai.core.callables import make_callable
from dermxai.explain.attribution.method import Attribution, Cancelled, Target

if TYPE_CHECKING:
    from dermxai.explain.attribution.api import explain
    from dermxai.explain.diagnosis import Diagnosis, diagnose

__all__ = ["Attribution", "Cancelled", "Diagnosis", "Target", "diagnose", "explain"]

make_callable(__name__)


def __getattr__(name: str) -> object:
    """Imports torch only when something is explained."""
    if name in ("Diagnosis", "diagnose"):
        from dermxai.explain import diagnosis

        return getattr(diagnosis, name)
    if name == "explain":
        from dermxai.explain.attribution import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
