"""What two classes have to do with each other, put together for a page, a program and a meeting.

The package is called as `dermxai.report.pair_report.report`.
"""

from dermxai.callables import make_callable
from dermxai.report.pair_report import report
from dermxai.report.study import Study, Way, study

__all__ = ["Study", "Way", "report", "study"]

make_callable(__name__)
