"""Versions, seeds and hashes: what is needed to get the same numbers again."""

import platform
from importlib.metadata import PackageNotFoundError, version

from dermxai.metrics import intervals
from dermxai.report.document.content import Facts, Section, Text
from dermxai.report.document.material import Material
from dermxai.version import __version__

_PACKAGES = ("numpy", "scipy", "pandas", "scikit-learn", "torch", "timm", "matplotlib")


def reproducibility(material: Material) -> Section:
    """Of the run and of this report."""
    run = material.run
    manifest, made_by = run.manifest, run.made_by
    told = manifest.get("versions", {})
    settings = manifest.get("settings", {})
    facts = [
        ("Run", f"{run.id} of {str(manifest.get('created', 'unknown'))[:19].replace('T', ' ')}"),
        ("Model hash", str(made_by["hash"])),
        ("Dataset fingerprint", str(manifest["dataset"].get("fingerprint", "not known"))),
        ("Settings", ", ".join(f"{name} {value}" for name, value in settings.items()) or "none"),
        ("Versions of the run", ", ".join(f"{n} {v}" for n, v in told.items()) or "not known"),
        ("Versions of this report", ", ".join(_versions())),
        ("Seeds of training", _seeds(material) or "not known"),
        (
            "Intervals",
            f"version {intervals.VERSION} of the formulas; no resampling, hence no seed",
        ),
    ]
    hint = (
        "The same run in the same state gives the same report: its digest stands at its end, and "
        "a checksum of each file in SHA256SUMS."
    )
    answers = frozenset({"software", "identifiers"})
    blocks = (Facts(tuple(facts)), Text(hint, "note"))
    return Section("reproducibility", "Versions, seeds and hashes", blocks, answers)


def _versions() -> list[str]:
    found = [f"dermxai {__version__}", f"Python {platform.python_version()}"]
    for name in _PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return found


def _seeds(material: Material) -> str:
    info = material.run.info
    recipe = dict(info.recipe) if info else {}
    stages = {"": recipe, **{k: v for k, v in recipe.items() if isinstance(v, dict)}}
    return ", ".join(
        f"{name} {told['seed']}".strip()
        for name, told in stages.items()
        if isinstance(told.get("seed"), int)
    )
