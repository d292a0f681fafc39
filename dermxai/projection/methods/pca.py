"""Principal component analysis: the two directions along which features differ most."""

from dataclasses import dataclass

from dermxai.projection.components import principal_components
from dermxai.projection.projector import Features, Progress

TITLE = "PCA"
NOTE = "Linear: distances on the map are never larger than between the features."
FEWEST = 2
VERSION = 1


@dataclass(frozen=True)
class Settings:
    """PCA has nothing to choose."""


def embed(
    features: Features, _settings: Settings, progress: Progress
) -> tuple[Features, tuple[str, ...]]:
    """The first two principal components. Pearson 1901, doi:10.1080/14786440109462720."""
    progress(0, 1)
    coordinates, shares = principal_components(features, 2)
    progress(1, 1)
    first, second = 100 * shares
    return coordinates, (f"The axes hold {first:.0f} % and {second:.0f} % of the variance.",)
