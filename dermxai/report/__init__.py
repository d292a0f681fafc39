"""What a run, and two of its classes, have to say, put together for a page, a program, a meeting
and a paper.

The package is called as `dermxai.report.written.report`.
"""

from dermxai.core.callables import make_callable
from dermxai.report.confusion_analysis import ConfusionAnalysis, Way, confusion_analysis
from dermxai.report.written import report

__all__ = ["ConfusionAnalysis", "Way", "confusion_analysis", "report"]

make_callable(__name__)
