from tests.lessons.conftest import backend, begin, db, lesson, run

__all__ = ["backend", "begin", "db", "lesson", "run"]
