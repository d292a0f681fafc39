"""What the server runs for each visit and each change."""

from dermxai.ui import frame
from dermxai.ui.collector import COLLECTOR

with COLLECTOR.script():
    frame.run()
