"""What the server runs for each visit and each change."""

from dermxai import paths
from dermxai.ui import frame
from dermxai.ui.collector import COLLECTOR
from dermxai.ui.turnstile import TURNSTILE

paths.confine()
with COLLECTOR.script(), TURNSTILE.through():
    frame.run()
