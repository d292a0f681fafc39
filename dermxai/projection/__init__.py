"""Two coordinates for each image, from its features."""

from dermxai.projection.projector import (
    Projection,
    open_projection,
    project,
)

__all__ = ["Projection", "open_projection", "project"]
