"""Where reader studies are kept in the workspace."""

from pathlib import Path

from dermxai.core.paths import home


def folder() -> Path:
    return home() / "readers"


def database_file() -> Path:
    """Studies, readers and answers, unless another database is named."""
    return folder() / "studies.sqlite"


def migration_lock() -> Path:
    return folder() / ".migration.lock"


def backups() -> list[Path]:
    """Copies that were made by `backup_file`'s names."""
    return sorted(folder().glob("studies-*.backup"))


def backup_file(revision: str, moment: str) -> Path:
    """Copy of the database as it was at a revision, before a later one's migration."""
    return folder() / f"studies-{revision}-{moment}.backup"
