"""One image: the ranked diagnosis, the votes behind it, and where on the skin they come from."""

from dermxai.ui.components import look
from dermxai.ui.pages.image import image
from dermxai.ui.session.scene import scene

ICON = ":material/center_focus_strong:"

view = scene()
looked_at = image.looked_at(view)

image.toolbar(view, looked_at[0])
look.notes(view.notes)
image.body(view, looked_at)
image.known(view, looked_at[0])
image.dermoscopic_signs(view, looked_at[0])
