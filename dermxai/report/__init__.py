"""What two classes have to do with each other, put together for a page, a program and a meeting.

The package is called as `dermxai.report.pair_report.report`.
"""

from dermxai.core.callables import make_callable
from dermxai.report.confusion_analysis import ConfusionAnalysis, Way, confusion_analysis
from dermxai.report.pair_report import report

__all__ = ["ConfusionAnalysis", "Way", "confusion_analysis", "report"]

make_callable(__name__)
