"""What the server runs for each visit and each change."""

from dermxai.ui import frame

frame.run()
