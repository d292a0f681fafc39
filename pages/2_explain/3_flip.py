"""What would flip it: the smallest part of an image whose replacement turns the reading."""

from dermxai.ui import flip, image, look
from dermxai.ui.scene import scene

TITLE = "What would flip it"
ICON = ":material/published_with_changes:"

view = scene()
subject = image.looked_at(view)[0]

image.toolbar(view, subject, TITLE)
look.notes(view.notes)
image.reading(view, subject)
flip.body(view, subject)
