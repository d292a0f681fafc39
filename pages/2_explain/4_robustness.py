"""Whether the prediction stays under rotation, blur, light, hair or a ruler."""

from dermxai.ui import image, look, robustness
from dermxai.ui.scene import scene

ICON = ":material/vibration:"

view = scene()
subject = image.looked_at(view)[0]

image.toolbar(view, subject, "Robustness")
look.notes(view.notes)
image.prediction(view, subject)
robustness.body(view, subject)
