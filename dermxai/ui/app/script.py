"""What the server runs for each visit and each change."""

from dermxai.core import paths
from dermxai.ui.app import frame
from dermxai.ui.app.collector import COLLECTOR
from dermxai.ui.app.turnstile import TURNSTILE

paths.confine()
with COLLECTOR.script(), TURNSTILE.through():
    frame.run()
