"""The smallest part of an image whose replacement changes the prediction."""

from dermxai.ui.components import look
from dermxai.ui.pages.counterfactuals import counterfactuals
from dermxai.ui.pages.image import image
from dermxai.ui.session.scene import scene

ICON = ":material/published_with_changes:"

view = scene()
subject = image.looked_at(view)[0]

image.toolbar(view, subject, "Counterfactuals")
look.notes(view.notes)
image.prediction(view, subject)
counterfactuals.body(view, subject)
