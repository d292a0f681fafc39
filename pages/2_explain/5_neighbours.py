"""Confusing neighbours: the nearest images of the class that is read and of the one it is confused
with, from other patients."""

from dermxai.ui import image, look, neighbours
from dermxai.ui.scene import scene

TITLE = "Confusing neighbours"
ICON = ":material/hub:"

view = scene()
subject = image.looked_at(view)[0]

image.toolbar(view, subject, TITLE)
look.notes(view.notes)
image.reading(view, subject)
neighbours.body(view, subject)
