"""The nearest images in feature space, of the predicted class and of the one it is confused with,
from other patients."""

from dermxai.ui import image, look, nearest_neighbours
from dermxai.ui.scene import scene

ICON = ":material/hub:"

view = scene()
subject = image.looked_at(view)[0]

image.toolbar(view, subject, "Nearest neighbours")
look.notes(view.notes)
image.prediction(view, subject)
nearest_neighbours.body(view, subject)
