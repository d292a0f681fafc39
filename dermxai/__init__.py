"""DermXAI: explainability and analysis of skin-disease classifiers on dermoscopic images.

For research and teaching, not for diagnosis.

The names below are imported when they are first used, so that ``import dermxai`` is quick. One
classifier, one dataset, and what can be asked of them:

    >>> import dermxai
    >>> classifier = dermxai.load_classifier("checkpoint")
    >>> run = dermxai.infer(classifier, dermxai.load_dataset("images"))
    >>> dermxai.evaluate(run).counts.images
    12
    >>> dermxai.explain(classifier, "lesion.png", "vote_map").map.shape
    (61, 83)
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING

if sys.platform == "win32":
    raise SystemExit(
        "DermXAI needs Linux or macOS; on Windows install and start it inside WSL (wsl --install)."
    )

from dermxai.version import __version__

if TYPE_CHECKING:
    from dermxai.data.dataset import load_dataset
    from dermxai.explain.attribution.api import explain
    from dermxai.explain.diagnosis import diagnose
    from dermxai.models.checkpoint import load_classifier
    from dermxai.projection.projector import project
    from dermxai.report.evaluated import evaluated as evaluate
    from dermxai.report.written import report
    from dermxai.runs.inference import infer
    from dermxai.runs.run import open_run
    from dermxai.training.train import train

_PUBLIC = {
    "diagnose": "dermxai.explain.diagnosis.diagnose",
    "evaluate": "dermxai.report.evaluated.evaluated",
    "explain": "dermxai.explain",
    "infer": "dermxai.runs.inference.infer",
    "load_classifier": "dermxai.models.checkpoint.load_classifier",
    "load_dataset": "dermxai.data.dataset.load_dataset",
    "open_run": "dermxai.runs.run.open_run",
    "project": "dermxai.projection.projector.project",
    "report": "dermxai.report",
    "train": "dermxai.training.train.train",
}
"""Where each public name is; two are packages that are called, see `dermxai.core.callables`."""

__all__ = [
    "__version__",
    "diagnose",
    "evaluate",
    "explain",
    "infer",
    "load_classifier",
    "load_dataset",
    "open_run",
    "project",
    "report",
    "train",
]


def __getattr__(name: str) -> object:
    """Imports what a public name needs when it is first asked for."""
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = _PUBLIC[name].rpartition(".")
    if module == __name__:
        return import_module(_PUBLIC[name])
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
