"""What the server runs for each visit and each change."""

from dermxai.core import paths
from dermxai.ui.app import frame
from dermxai.ui.app.admission import ADMISSION
from dermxai.ui.app.collector import COLLECTOR

paths.confine()
with COLLECTOR.script(), ADMISSION.admitted():
    frame.run()
