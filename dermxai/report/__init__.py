"""What two classes have to do with each other, put together for a page, a program and a meeting."""

from dermxai.report.study import Study, Way, study

__all__ = ["Study", "Way", "study"]
