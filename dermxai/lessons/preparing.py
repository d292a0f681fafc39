"""What the quizzes of a lesson show after the answer, made ready once as a session begins: truth,
prediction, look-alikes, a map, and where the atlas has drawn the signs."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from dermxai.core.errors import InputError
from dermxai.data.images import read_image, read_mask
from dermxai.lessons.definition import Lesson, Step, StepKind
from dermxai.readers import pictures
from dermxai.readers.pictures import Picture, packed
from dermxai.runs import Run
from dermxai.runs.nearest_neighbours import nearest

if TYPE_CHECKING:
    from dermxai.models import Classifier

A_CLASS = 3
"""Look-alikes shown of each class."""
LIKELY = 3
"""Classes that are told of the prediction."""


@dataclass(frozen=True)
class LookAlike:
    """An image of another patient that lies near in feature space.

    Attributes:
        label: empty where there is none.
    """

    path: str
    digest: str
    label: str
    predicted: str

    @property
    def picture(self) -> Picture:
        return Picture(self.path, self.digest)


@dataclass(frozen=True)
class Quiz:
    """
    Attributes:
        classes: those offered.
        probabilities: of the most likely classes of the model, the highest first.
        look_alikes: those of the true class, then those of the predicted one or, where that is
            right, of the runner-up.
        method: of the map; empty where there is none.
        map: `pictures.packed`, positive where the image speaks for the predicted class.
        signs: `pictures.packed`, 1 where the signs of the class were drawn; None where unknown.
    """

    path: str
    digest: str
    classes: tuple[str, ...]
    truth: str
    predicted: str
    probabilities: tuple[tuple[str, float], ...]
    look_alikes: tuple[LookAlike, ...]
    method: str = ""
    map: bytes | None = field(default=None, repr=False)
    signs: bytes | None = field(default=None, repr=False)

    @property
    def picture(self) -> Picture:
        return Picture(self.path, self.digest)

    @property
    def told(self) -> dict[str, object]:
        """All but the maps, for JSON; `of_told` reads it."""
        return {name: each for name, each in asdict(self).items() if name not in ("map", "signs")}


def of_told(told: Mapping[str, object], map_: bytes | None, signs: bytes | None) -> Quiz:
    """A quiz from what `Quiz.told` has told."""
    given: dict[str, object] = dict(told)
    alike, likely, classes = given["look_alikes"], given["probabilities"], given["classes"]
    assert isinstance(alike, list) and isinstance(likely, list) and isinstance(classes, list)
    return Quiz(
        path=str(given["path"]),
        digest=str(given["digest"]),
        classes=tuple(map(str, classes)),
        truth=str(given["truth"]),
        predicted=str(given["predicted"]),
        probabilities=tuple((str(code), float(share)) for code, share in likely),
        look_alikes=tuple(LookAlike(**each) for each in alike),
        method=str(given["method"]),
        map=map_,
        signs=signs,
    )


def prepare(
    lesson: Lesson,
    run: Run,
    progress: Callable[[int, int], None] | None = None,
    *,
    device: str = "cpu",
) -> dict[int, Quiz]:
    """The quizzes of a lesson by the positions of their steps.

    Args:
        run: whose images and predictions they are.
        progress: called with the quizzes that are ready, and all.
        device: of the maps, as torch names it.

    Raises:
        InputError: an image is not in the run, has no label or no class that is offered, or has
            changed since the run saw it; or the map's method is not valid for the network.
    """
    asked = [(at, step) for at, step in enumerate(lesson.steps) if step.kind is StepKind.QUIZ]
    classifier = _classifier(run, device) if asked else None
    ready = {}
    for done, (at, step) in enumerate(asked):
        if progress:
            progress(done, len(asked))
        try:
            ready[at] = quiz(step, run, classifier)
        except InputError as error:
            raise InputError(f"Step {at + 1}, {step.title!r}: {error}") from error
    if progress:
        progress(len(asked), len(asked))
    return ready


def _classifier(run: Run, device: str) -> "Classifier | None":
    """The run's network; None where it has none, or it is not there any more: then quizzes show no
    map."""
    if run.imported:
        return None
    from dermxai.models import load_classifier  # with torch

    made_by = run.checkpoint
    with suppress(InputError):
        classifier = load_classifier(made_by["path"], **made_by.get("options", {}))
        run.check_classifier(classifier)
        classifier.to(device)
        return classifier
    return None


def quiz(step: Step, run: Run, classifier: "Classifier | None" = None) -> Quiz:
    """
    Args:
        classifier: of the run; without one there is no map.

    Raises:
        InputError: see `prepare`.
    """
    row = int(run.index([step.image])[0])
    run.check_image(step.image)
    sample = run.samples.iloc[row]
    truth, predicted = sample["label"], str(run.predicted[row])
    if not isinstance(truth, str):
        raise InputError(f"The image {step.image} has no label; a quiz asks for one that has.")
    classes = step.options or run.classes
    if truth not in classes:
        raise InputError(f"The image's class {truth} is not offered; add it to the options.")
    order = np.argsort(-run.scores[row], kind="stable")
    likely = [run.classes[each] for each in order]
    other = next(code for code in (predicted, *likely) if code != truth)
    path = str(sample["path"])
    pixels = read_image(path, profiles=True)
    quiz = Quiz(
        path=path,
        digest=pictures.digest_of(pixels),
        classes=tuple(classes),
        truth=truth,
        predicted=predicted,
        probabilities=tuple(
            (run.classes[each], float(run.probabilities[row, each])) for each in order[:LIKELY]
        ),
        look_alikes=(*_alike(run, step.image, truth), *_alike(run, step.image, other)),
        signs=_signs(sample.get("evidence_path")),
    )
    if classifier is None:
        return quiz
    from dermxai.explain.attribution.api import explain, find_method  # with torch

    explained = explain(classifier, path, step.method or None, predicted)
    method = find_method(explained.method).title
    return replace(quiz, method=method, map=packed(explained.map))


def _alike(run: Run, sample_id: str, code: str) -> list[LookAlike]:
    """Of a class; none where the run holds no features or too few images."""
    if code not in run.classes:
        return []
    with suppress(InputError):
        found = nearest(run, code, sample_id=sample_id, count=A_CLASS)
        rows = run.index(each.sample_id for each in found.found)
        return [_look_alike(run, int(row)) for row in rows]
    return []


def _look_alike(run: Run, row: int) -> LookAlike:
    sample = run.samples.iloc[row]
    path, label = str(sample["path"]), sample["label"]
    return LookAlike(
        path,
        pictures.digest_now(path),
        label if isinstance(label, str) else "",
        str(run.predicted[row]),
    )


def _signs(path: object) -> bytes | None:
    """Where the signs were drawn; None where the dataset does not say."""
    if not isinstance(path, str) or not path:
        return None
    with suppress(InputError):
        mask = read_mask(path)
        return packed(mask.astype(np.float32)) if mask.any() else None
    return None
