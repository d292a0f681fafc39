"""What the server runs for each visit and each change."""

from dermxai import paths
from dermxai.ui import frame
from dermxai.ui.collector import COLLECTOR

paths.confine()
with COLLECTOR.script():
    frame.run()
