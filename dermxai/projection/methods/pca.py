"""Principal component analysis: the two directions along which features differ most."""

from typing_extensions import override

from dermxai.core.settings import Settings
from dermxai.projection.components import principal_components
from dermxai.projection.projector import Features, Progress, ProjectionMethod


class Pca(ProjectionMethod[Settings]):
    @override
    def embed(
        self, features: Features, settings: Settings, progress: Progress
    ) -> tuple[Features, tuple[str, ...]]:
        """The first two principal components. Pearson 1901, doi:10.1080/14786440109462720."""
        progress(0, 1)
        coordinates, shares = principal_components(features, 2)
        progress(1, 1)
        first, second = 100 * shares
        return coordinates, (f"The axes hold {first:.0f} % and {second:.0f} % of the variance.",)


PCA = Pca(
    name="pca",
    title="PCA",
    note="Linear: distances on the map are never larger than between the features.",
    fewest=2,
    settings=Settings,
)
