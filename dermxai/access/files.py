"""Where roles, access codes and visits are kept; of the server alone."""

from pathlib import Path

from dermxai.core.paths import home


def rules_file() -> Path:
    """Who has which role, where an identity provider or a proxy says who somebody is."""
    return home() / "access.toml"


def access_folder() -> Path:
    """Access codes and visits; of the server alone."""
    return home() / "access"


def codes_file() -> Path:
    return access_folder() / "codes.json"


def visits_folder() -> Path:
    return access_folder() / "visits"


def audit_log() -> Path:
    """Who did what, a JSON object a line; older ones beside it are numbered."""
    return access_folder() / "audit.jsonl"
