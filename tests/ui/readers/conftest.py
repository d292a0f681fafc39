"""The readers' page around an application that must not be reached."""

from tests.readers.conftest import _quick, backend, db, images, settings, study

__all__ = ["_quick", "backend", "db", "images", "settings", "study"]
