"""How firmly an image is read: what turns, blurs, light, hair or a ruler make of it."""

from dermxai.ui import fragility, image, look
from dermxai.ui.scene import scene

ICON = ":material/vibration:"

view = scene()
subject = image.looked_at(view)[0]

image.toolbar(view, subject, "Fragility")
look.notes(view.notes)
image.reading(view, subject)
fragility.body(view, subject)
