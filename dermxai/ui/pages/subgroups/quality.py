"""Measuring how well images were taken, for columns of the page."""

from dermxai.runs.image_quality import open_quality
from dermxai.ui.app import jobs_panel
from dermxai.ui.components import look
from dermxai.ui.session.scene import Scene


def offer(view: Scene) -> None:
    """The job that measures, as long as it has not been done."""
    if open_quality(view.run) is not None:
        return
    look.heading(
        "Image quality",
        "Sharpness, exposure, dark borders, vignetting, hair and rulers as further columns.",
    )
    about = "About a minute for 5,000 images, in the background; kept with the run."
    jobs_panel.offer("image_quality", "Measure image quality", about, run=str(view.run.root))
