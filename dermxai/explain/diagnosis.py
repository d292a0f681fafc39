"""One image, one forward pass: ranked classes, every head's votes, Grad-CAM of every class in every
head."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from dermxai.core.activation import SOFTMAX
from dermxai.core.errors import InputError
from dermxai.core.settings import Settings
from dermxai.data.images import ImageLike, as_image
from dermxai.data.transforms import Preprocessing
from dermxai.explain.attribution.api import prepared
from dermxai.explain.attribution.method import (
    Attribution,
    AttributionMethod,
    Target,
    as_attribution,
    explained_head,
)
from dermxai.explain.attribution.methods.grad_cam import GRAD_CAM, all_classes
from dermxai.explain.attribution.methods.vote_map import VOTE_MAP, added_up
from dermxai.explain.decomposition import Decomposition, decomposition
from dermxai.explain.forward import require_finite
from dermxai.explain.memory import halving
from dermxai.metrics.probability import probabilities

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

FINAL = -1
_COMPUTED: Mapping[str, AttributionMethod[Settings]] = {
    each.name: each for each in (VOTE_MAP, GRAD_CAM)
}
AT_HAND = tuple(_COMPUTED)
"""Methods whose map of every class and head comes with the diagnosis."""


@dataclass(frozen=True)
class Diagnosis:
    """What a classifier makes of one image.

    Attributes:
        logits: (head, class), the votes.
        biases: (head, class), what each head says of any image.
        mapped: classes that there are maps of, at first all.
        cams: per head (mapped class, h, w), Grad-CAM at the resolution of the head's feature map;
            over positions it adds up to the head's logit less its bias.
        features: (channels of the final head,), what that head reads.
        shape: (height, width) of the original image.
        activation: what makes probabilities of the scores.
        no_maps: why there are no maps, as logits are no sum over places; "" where there are.
        held: what is taken as constant for the maps to add up, in a sentence; "" for nothing.
    """

    classes: tuple[str, ...]
    heads: tuple[str, ...]
    logits: NDArray[np.float32]
    biases: NDArray[np.float32]
    mapped: tuple[str, ...]
    cams: tuple[NDArray[np.float32], ...]
    features: NDArray[np.float32]
    shape: tuple[int, int]
    preprocessing: Preprocessing
    activation: str = SOFTMAX
    no_maps: str = ""
    held: str = ""

    @cached_property
    def scores(self) -> NDArray[np.float32]:
        """(class,), the votes summed over heads."""
        total: NDArray[np.float32] = self.logits.sum(0)
        return total

    @cached_property
    def probabilities(self) -> NDArray[np.float32]:
        """(class,), of the scores, by the model's activation."""
        return probabilities(self.scores, self.activation)

    @cached_property
    def ranking(self) -> tuple[str, ...]:
        """Class codes, the most likely first."""
        return tuple(self.classes[index] for index in np.argsort(-self.scores, kind="stable"))

    def maps(self, *classes: str | None) -> bool:
        """Whether there are maps of all these classes, or never will be; None is no class."""
        return bool(self.no_maps) or set(classes) - {None} <= set(self.mapped)

    def with_maps_of(self, classes: Collection[str | None]) -> "Diagnosis":
        """The same with maps of fewer classes, which takes less memory."""
        rows = [index for index, name in enumerate(self.mapped) if name in classes]
        return replace(
            self,
            mapped=tuple(self.mapped[row] for row in rows),
            cams=tuple(cam[rows] for cam in self.cams),
        )

    def grad_cam(
        self, target: str, against: str | None = None, head: int = FINAL
    ) -> NDArray[np.float32]:
        """Signed Grad-CAM (height, width) of a head on the original image, of a class or of the
        difference between two; in logits per position of the head's feature map."""
        return self.preprocessing.to_original(self._cam(target, against, head), self.shape)

    def density(
        self, target: str, against: str | None = None, head: int | None = None
    ) -> NDArray[np.float32]:
        """The map (height, width) of one head or of the sum of all (None) in logits per percent of
        the image: comparable between heads, classes and images."""
        if head is None:
            values = added_up([self._cam(target, against, one) for one in range(len(self.heads))])
        else:
            values = self._cam(target, against, head)
        return self.preprocessing.to_original(values * np.float32(values.size / 100), self.shape)

    def attribution(
        self, method: str, target: str, against: str | None = None, head: str | None = None
    ) -> Attribution:
        """What a method of `AT_HAND` gives, without another pass: the map (height, width)."""
        chosen = _COMPUTED[method]
        if head is None and method == VOTE_MAP.name:
            native = added_up([self._cam(target, against, each) for each in range(len(self.heads))])
        else:
            native = self._cam(target, against, self.heads.index(head) if head else FINAL)
        owner = explained_head(chosen, head, self.heads)
        notes = (self.held,) if self.held else ()
        made = as_attribution(
            chosen, native, target=target, against=against, head=owner, notes=notes
        )
        return made.laid_out(self.preprocessing, self.shape)

    def decomposition(self, target: str, against: str | None = None) -> Decomposition:
        """Who decided for ``target`` against ``against``, and where.

        Raises:
            InputError: the network's logits are no sum over places.
        """
        self._check_maps()
        return decomposition(
            logits=self.logits,
            mapped=self.mapped,
            cams=self.cams,
            biases=self.biases,
            heads=self.heads,
            classes=self.classes,
            target=target,
            against=against,
        )

    def _check_maps(self) -> None:
        if self.no_maps:
            raise InputError(f"The logits do not split among places: {self.no_maps}")

    def _cam(self, target: str, against: str | None, head: int) -> NDArray[np.float32]:
        self._check_maps()
        other = None if against is None else self.mapped.index(against)
        cam: NDArray[np.float32] = Target(self.mapped.index(target), other).among_classes(
            self.cams[head]
        )
        return cam


def diagnose(classifier: "Classifier", image: ImageLike) -> Diagnosis:
    """What a classifier makes of one image, with one forward pass.

    Args:
        image: a path, a PIL image, or an array (h, w, 3) RGB of uint8.

    Raises:
        InputError: the image cannot be read or is too small, the network does not give finite
            numbers, or memory does not suffice.

    Examples:
        >>> import dermxai
        >>> from PIL import Image
        >>> classifier = dermxai.load_classifier("checkpoint")
        >>> found = dermxai.diagnose(classifier, Image.open("lesion.png"))
        >>> found.probabilities.shape, len(found.ranking)
        ((14,), 14)
        >>> found.density("MN", against="BCC").shape  # logits per percent of the image
        (61, 83)
    """
    image = as_image(image, profiles=classifier.info.preprocessing.colour_profiles)
    (found,) = diagnose_all(classifier, prepared(classifier, image), [image.shape])
    return found


def diagnose_all(
    classifier: "Classifier", images: torch.Tensor, shapes: Sequence[tuple[int, ...]]
) -> list[Diagnosis]:
    """Looks at several images at once.

    Args:
        images: (n, 3, size, size), see `dermxai.explain.attribution.api.prepared`.
        shapes: (height, width) of each original image.

    Raises:
        InputError: the network does not give finite numbers for one of them, or memory does not
            suffice for a single one.
    """

    def looked(batch: int) -> list[Diagnosis]:
        places = range(0, len(images), batch)
        parts = [(images[at : at + batch], shapes[at : at + batch]) for at in places]
        return [each for part in parts for each in _diagnosed(classifier, *part)]

    return halving(looked, len(images))[0]


def _diagnosed(
    classifier: "Classifier", images: torch.Tensor, shapes: Sequence[tuple[int, ...]]
) -> list[Diagnosis]:
    output = classifier.infer(images, maps=True)
    require_finite(output.logits, classifier.name)
    info = classifier.info
    channels = info.heads[FINAL].channels
    weights = [classifier.head_weights(head) for head in range(len(info.heads))]
    biases = torch.stack([bias for _, bias in weights]).float().cpu().numpy()
    logits, features = output.logits.cpu().numpy(), output.pooled[:, -channels:].cpu().numpy()
    known = classifier.capabilities
    cams = []
    if known.decomposition:
        cams = [
            all_classes(feature_map, weight).cpu().numpy()  # (n, class, h, w)
            for feature_map, (weight, _) in zip(output.maps, weights, strict=True)
        ]
    return [
        Diagnosis(
            classes=info.classes,
            heads=tuple(head.name for head in info.heads),
            logits=logits[index].copy(),
            biases=biases,
            mapped=info.classes if known.decomposition else (),
            cams=tuple(cam[index].copy() for cam in cams),
            features=features[index].copy(),
            shape=(shape[0], shape[1]),
            preprocessing=info.preprocessing,
            activation=info.activation,
            no_maps=known.no_decomposition or "",
            held=known.held,
        )
        for index, shape in enumerate(shapes)
    ]
