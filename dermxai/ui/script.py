"""What the server runs for each visit and each change."""

from dermxai import paths
from dermxai.ui import frame

paths.confine()
frame.run()
