"""A few quick checks of one map: what it passed, in a sentence each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from dermxai.core.formatting import fixed, percent, signed
from dermxai.data.images import ImageLike
from dermxai.explain.attribution.api import checked_settings, find_method, find_target
from dermxai.explain.attribution.method import Attribution, Progress
from dermxai.explain.faithfulness import evaluate
from dermxai.explain.faithfulness.cascade import cascade
from dermxai.explain.faithfulness.localisation import relevance_mass
from dermxai.explain.faithfulness.measure import Candidate, Case, control_maps, grain
from dermxai.explain.faithfulness.measures import randomisation
from dermxai.explain.faithfulness.removal import area, blurred, shares, top
from dermxai.explain.faithfulness.similarity import spearman

if TYPE_CHECKING:
    from dermxai.models.classifier import Classifier

RANDOM_MAPS = 19  # to exceed all of them has a chance of 1 in 20
DRAWS = 4  # of random heads: how much of a map one draw leaves is chance
_STEPS = 4
_BLURRED = 2 + (RANDOM_MAPS + 2) * (_STEPS - 1)  # images that deletion reads


@dataclass(frozen=True)
class Check:
    """What a check found.

    Attributes:
        passed: None where it cannot say.
    """

    title: str
    passed: bool | None
    finding: str


def badge(
    classifier: "Classifier",
    image: ImageLike,
    attribution: Attribution,
    masks: Mapping[str, NDArray[np.bool_]] | None = None,
    progress: Progress | None = None,
) -> tuple[Check, ...]:
    """Checks a map of an image.

    Args:
        image: a path, a PIL image, or an array (h, w, 3) RGB of uint8.
        masks: "lesion" and "evidence" as far as they are known, (h, w).
        progress: called with passes done and in all, see `passes`; may raise.

    Raises:
        InputError: the map's method, target or head is not one of the classifier's.
    """
    target = find_target(classifier, attribution.target, attribution.against, attribution.head)
    case = evaluate.make_case(classifier, image, target, masks)
    settings = checked_settings(attribution.method, attribution.settings)
    subject = evaluate.candidate(
        case, find_method(attribution.method), settings, attribution.native
    )
    cost, total = subject.method.passes(classifier, settings), passes(classifier, attribution)
    found = [*_deletion(case, subject, _part(progress, 0, _BLURRED, total))]
    parts = [_part(progress, _BLURRED + draw * cost, cost, total) for draw in range(DRAWS)]
    found.append(_randomised(case, subject, parts))
    for name, where in (("lesion", "the lesion"), ("evidence", "the drawn signs")):
        if name in case.masks and case.masks[name].any():
            found.append(_inside(case, subject, name, where))
    return tuple(found)


def passes(classifier: "Classifier", attribution: Attribution) -> int:
    """What the checks of a map cost, in forward passes."""
    settings = checked_settings(attribution.method, attribution.settings)
    return _BLURRED + DRAWS * find_method(attribution.method).passes(classifier, settings)


def _part(progress: Progress | None, before: int, share: int, total: int) -> Progress | None:
    """Tells of work that is ``share`` of ``total`` passes, ``before`` of which are done."""
    if progress is None:
        return None

    def tell(done: int, whole: int) -> None:
        if whole:
            progress(before + round(share * done / whole), total)
        else:
            progress(0, 0)

    return tell


def _deletion(case: Case, subject: Candidate, progress: Progress | None) -> tuple[Check, Check]:
    """Deletion against random maps as fine as the map, and against a bell in the middle."""
    known = control_maps()
    noise, bell = known[evaluate.RANDOM], known[evaluate.CENTRED]
    cells = grain(subject.values)
    random = [
        evaluate.candidate(case, noise, noise.settings(cells=cells, seed=seed))
        for seed in range(RANDOM_MAPS)
    ]
    maps = [subject, evaluate.candidate(case, bell, bell.settings()), *random]
    x = shares(_STEPS)
    inner = torch.stack(
        [blurred(case, top(each.values, share)) for each in maps for share in x[1:-1]]
    )
    whole, gone = (blurred(case, top(subject.values, share)) for share in (0, 1))
    ends = case.values(torch.stack([whole, gone]))
    values = case.values(inner, progress).reshape(len(maps), -1)
    mine, centre, *others = (area(x, np.array([ends[0], *curve, ends[1]])) for curve in values)
    exceeded = sum(mine < other for other in others)
    return (
        Check(
            "Deletion, random maps",
            exceeded == RANDOM_MAPS,
            f"Taking its pixels away lowers the target more than {exceeded} of "
            f"{RANDOM_MAPS} random maps.",
        ),
        Check(
            "Deletion, centred Gaussian",
            mine < centre,
            f"The target's mean is {fixed(mine)}, by a bell in the middle {fixed(centre)}.",
        ),
    )


def _randomised(case: Case, subject: Candidate, parts: Sequence[Progress | None]) -> Check:
    ranks = []
    for seed, part in enumerate(parts):
        _, randomised = next(cascade(case.classifier, seed))
        made = subject.again(classifier=randomised, progress=part)
        ranks.append(spearman(made, subject.values))
    if not np.isfinite(ranks).any():
        return Check("Random heads", None, "The map of random heads is the same everywhere.")
    likeness = float(np.nanmean(np.abs(ranks)))
    each = ", ".join(signed(rank) for rank in ranks)
    return Check(
        "Random heads",
        likeness < randomisation.LIMIT,
        f"With random heads the map's rank correlation with itself is {likeness:.2f} in size "
        f"(limit {randomisation.LIMIT}), in {len(parts)} draws {each}.",
    )


def _inside(case: Case, subject: Candidate, mask: str, where: str) -> Check:
    inside = case.masks[mask]
    bell = control_maps()[evaluate.CENTRED]
    guess = relevance_mass(evaluate.candidate(case, bell, bell.settings()).values, inside).value
    mass = relevance_mass(subject.values, inside)
    if mass.reason:
        return Check(f"Inside {where}", None, mass.reason)
    return Check(
        f"Inside {where}",
        mass.value > guess,
        f"{percent(mass.value, 0)} of what speaks for the target lies inside {where}, which "
        f"fills {percent(float(inside.mean()), 0)}; of a bell in the middle {percent(guess, 0)}.",
    )
