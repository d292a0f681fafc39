"""Counterfactuals: the smallest set of superpixels whose replacement changes the
prediction from class A to B.

The picture is cut into superpixels. Beginning with none, the piece is added whose replacement, with
all pieces before it, brings the other class closest to being predicted; all candidates of a step
are evaluated in one batch. Once it is predicted, pieces that are not needed any more are put back.
The set cannot be made smaller by leaving any one piece out; a smaller set of other pieces may
exist, since the search is greedy.

Pieces are replaced by what surrounds them (*inpainted*), or by those of an image of the other class
(*pasted*). The found set is compared with random sets of superpixels of about the same area,
replaced in the same way.

Related: Fong & Vedaldi 2017 (arXiv:1704.03296) delete the smallest region; Goyal et al. 2019
(arXiv:1904.07451) paste regions of an image of the other class.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from dermxai.core.errors import InputError
from dermxai.core.settings import Settings, setting
from dermxai.data.images import ImageLike, as_image
from dermxai.data.transforms import fit_mask, resize
from dermxai.explain.attribution.api import find_target, predicted, prepared
from dermxai.explain.attribution.method import Progress
from dermxai.explain.counterfactual import edits
from dermxai.explain.predictions import Picture, Predictions, leads
from dermxai.explain.superpixels import superpixels

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

LEVEL = 0.95


class CounterfactualSettings(Settings):
    pieces: int = setting(40, "Superpixels, about so many.", 8, 150)
    most: int = setting(40, "Largest area, percent of the image.", 5, 80)
    draws: int = setting(20, "Random sets to compare with.", 5, 200)
    seed: int = setting(0, "Of the random sets.", 0, 9999)


@dataclass(frozen=True, eq=False)
class Donor:
    """An image of the other class whose patches are pasted.

    Attributes:
        image: a path, a PIL image, or an array (h, w, 3) RGB of uint8.
        mask: (h, w) its lesion, where known.
    """

    name: str
    image: ImageLike
    mask: NDArray[np.bool_] | None = None


@dataclass(frozen=True, eq=False)
class RandomSets:
    """Random sets of superpixels, each of the area nearest to that of a set of the search.

    Attributes:
        areas: (s,) percent of the image, ascending; the last one is that of the found set.
        leads: (draw, s) what they leave of the lead, in logits.
    """

    areas: NDArray[np.float64]
    leads: NDArray[np.float64]

    @property
    def flipped(self) -> int:
        """Draws that change the prediction at the area of the found set."""
        return int((self.leads[:, -1] < 0).sum())

    @property
    def flip_rate(self) -> tuple[float, float, float]:
        """Share of draws that change the prediction, and its 95 % interval (Wilson); draws are
        independent."""
        draws = len(self.leads)
        ends = binomtest(self.flipped, draws).proportion_ci(LEVEL, method="wilson")
        return self.flipped / draws, float(ends.low), float(ends.high)

    @property
    def band(self) -> NDArray[np.float64]:
        """(3, s): 2.5 %, median and 97.5 % of the leads over draws."""
        rest = (1 - LEVEL) / 2
        return np.asarray(np.quantile(self.leads, [rest, 0.5, 1 - rest], axis=0))


@dataclass(frozen=True, eq=False)
class Counterfactual:
    """What it takes to change a prediction.

    Attributes:
        prediction, into: class codes: as predicted of the image, and the counterfactual class.
        donor: name of the image whose patches were pasted; None where pieces were inpainted.
        picture, edited: (size, size, 3) RGB at the size of the network's input; ``edited`` with the
            found set replaced.
        pieces: (size, size) number of each pixel's superpixel.
        chosen: the found set; where nothing changes the prediction, the one that came closest.
        flipped: whether it changes the prediction.
        areas, leads: (step + 1,) of the search, from nothing replaced: percent of the image, and
            how far the highest other class lies above ``into``, in logits. It is below 0 where
            ``into`` is read.
        area, lead: of the found set.
        random: random sets of the same areas.
    """

    prediction: str
    into: str
    donor: str | None
    picture: Picture
    edited: Picture
    pieces: NDArray[np.int64]
    chosen: tuple[int, ...]
    flipped: bool
    areas: NDArray[np.float64]
    leads: NDArray[np.float64]
    area: float
    lead: float
    random: RandomSets
    notes: tuple[str, ...]

    @property
    def mask(self) -> NDArray[np.bool_]:
        """(size, size), the found set."""
        return np.isin(self.pieces, self.chosen)

    def laid_on(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The edited picture at the resolution of the image (h, w, 3): what was not touched stays
        as sharp as it is there."""
        shape = (image.shape[0], image.shape[1])
        touched = (self.edited != self.picture).any(axis=2).astype(np.float32)
        share = resize(touched, shape)[..., None]
        new = resize(self.edited, shape).astype(np.float32)
        return np.asarray(np.rint(image + share * (new - image)), dtype=np.uint8)


def passes(settings: CounterfactualSettings) -> int:
    """Forward passes at most, about: pieces are taken to be of one size."""
    steps = max(1, settings.pieces * settings.most // 100)
    search = sum(settings.pieces - step for step in range(steps))
    return 2 + search + steps * settings.draws


def find_counterfactual(
    classifier: "Classifier",
    image: ImageLike,
    into: str,
    *,
    donor: Donor | None = None,
    mask: NDArray[np.bool_] | None = None,
    settings: CounterfactualSettings | None = None,
    progress: Progress | None = None,
) -> Counterfactual:
    """Searches the smallest set of superpixels whose replacement makes ``into`` the predicted
    class.

    Args:
        image: a path, a PIL image, or an array (h, w, 3) RGB of uint8.
        into: class code.
        donor: paste its patches; None to inpaint.
        mask: (h, w) the image's lesion: the donor is laid on it where both have one, else on the
            same position.
        progress: called with passes done and expected, which become fewer when the search ends
            early; may raise `Cancelled`.

    Raises:
        InputError: no such class, it is the predicted one, an image that is too small, or a
            network that does not give finite numbers.
    """
    profiles = classifier.info.preprocessing.colour_profiles
    image = as_image(image, profiles=profiles)
    settings = settings or CounterfactualSettings()
    prediction = predicted(classifier, prepared(classifier, image))
    if into == prediction:
        raise InputError(f"The image is predicted as {into} already; choose another class.")
    target = find_target(classifier, into, prediction).index
    size = classifier.info.preprocessing.size
    picture = resize(image, (size, size))
    pieces = superpixels(picture, settings.pieces)
    replaced, notes = _replacement(picture, donor, mask, profiles)
    predictions = Predictions(classifier, passes(settings), progress)

    def leads_of(sets: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        made = (replaced(np.isin(pieces, some)) if some else picture for some in sets)
        preprocessing = classifier.info.preprocessing
        return leads(predictions.scores(preprocessing(each) for each in made), target)

    areas = 100 * np.bincount(pieces.ravel()) / pieces.size
    path, path_leads = _greedy_search(leads_of, areas, settings.most)
    best = int(path_leads.argmin())
    flipped = bool(path_leads[best] < 0)
    chosen = _pruned(leads_of, path[:best], areas) if flipped else path[:best]
    path_areas = np.concatenate([[0.0], np.cumsum(areas[list(path)])])
    area = float(areas[list(chosen)].sum())
    at = np.append(path_areas[(path_areas > 0) & (path_areas < area)], area)
    random = _random_sets(leads_of, predictions, areas, at, settings)
    edited = replaced(np.isin(pieces, chosen)) if chosen else picture
    return Counterfactual(
        prediction=prediction,
        into=into,
        donor=donor.name if donor else None,
        picture=picture,
        edited=edited,
        pieces=pieces,
        chosen=chosen,
        flipped=flipped,
        areas=path_areas,
        leads=path_leads,
        area=area,
        lead=float(leads_of([chosen])[0]),
        random=random,
        notes=(*notes, *predictions.notes),
    )


def _replacement(
    picture: Picture, donor: Donor | None, mask: NDArray[np.bool_] | None, profiles: bool
) -> tuple[Callable[[NDArray[np.bool_]], Picture], tuple[str, ...]]:
    """What is put into a hole, and what is to be said of it."""
    if donor is None:
        return lambda hole: edits.inpainted(picture, hole), ()
    shape = (picture.shape[0], picture.shape[1])
    source, note = (
        resize(as_image(donor.image, profiles=profiles), shape),
        "Patches come from the same position.",
    )
    if mask is not None and donor.mask is not None:
        ours, theirs = fit_mask(mask, shape), fit_mask(donor.mask, shape)
        if ours.any() and theirs.any():
            source = edits.aligned(source, theirs, ours)
            note = "The other image's lesion is laid on this one: equal centre and area."
    return lambda hole: edits.pasted(picture, source, hole), (note,)


Leads = Callable[[Sequence[Sequence[int]]], NDArray[np.float64]]


def _greedy_search(
    leads_of: Leads, areas: NDArray[np.float64], most: float
) -> tuple[tuple[int, ...], NDArray[np.float64]]:
    """Greedy search: pieces in the order in which they were added, and the lead from none on."""
    chosen: tuple[int, ...] = ()
    found = [float(leads_of([chosen])[0])]
    while found[-1] >= 0:
        room = most - areas[list(chosen)].sum()
        able = [int(k) for k in np.flatnonzero(areas <= room) if k not in chosen]
        if not able:
            break
        left = leads_of([(*chosen, piece) for piece in able])
        chosen = (*chosen, able[int(left.argmin())])
        found.append(float(left.min()))
    return chosen, np.array(found)


def _pruned(
    leads_of: Leads, chosen: tuple[int, ...], areas: NDArray[np.float64]
) -> tuple[int, ...]:
    """Puts back what is not needed, the largest piece first, while the prediction stays changed."""
    while len(chosen) > 1:
        fewer = [tuple(k for k in chosen if k != piece) for piece in chosen]
        turned = leads_of(fewer) < 0
        if not turned.any():
            break
        chosen = fewer[int(np.argmax(np.where(turned, areas[list(chosen)], -1)))]
    return chosen


def _random_sets(
    leads_of: Leads,
    predictions: Predictions,
    areas: NDArray[np.float64],
    at: NDArray[np.float64],
    settings: CounterfactualSettings,
) -> RandomSets:
    """Pieces in random order, one or more, as many as come nearest to each area."""
    rng = np.random.default_rng(settings.seed)
    sets: list[tuple[int, ...]] = []
    for _ in range(settings.draws):
        order = rng.permutation(len(areas))
        reached = np.cumsum(areas[order])
        counts = 1 + np.abs(reached[:, None] - at).argmin(axis=0)
        sets += [tuple(order[:count].tolist()) for count in counts]
    predictions.expect(len(sets) + 1)
    return RandomSets(at, leads_of(sets).reshape(settings.draws, len(at)))
