"""The maps that the AI shows with a class, made once as the study is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from dermxai.explain.attribution.api import explain
from dermxai.models import load_classifier
from dermxai.readers import advice
from dermxai.readers.advice import NetworkScores
from dermxai.readers.definition import StudySettings
from dermxai.readers.drawing import DrawnCase
from dermxai.readers.pictures import packed
from dermxai.runs import Run


@dataclass(frozen=True)
class CaseMap:
    """
    Attributes:
        target: class that it is of.
        content: `.npy` of (h, w) float32, positive where the image speaks for the class.
    """

    case: str
    target: str
    method: str
    content: bytes


def make(
    run: Run,
    network: NetworkScores,
    cases: Sequence[DrawnCase],
    faulty: Mapping[str, str],
    *,
    settings: StudySettings,
    progress: Callable[[int, int], None] | None = None,
    device: str = "cpu",
) -> list[CaseMap]:
    """A map of each class that an arm with maps shows, by the method that explains this network
    unless one is named.

    Args:
        progress: called with the cases that are done, and all.
        device: as torch names it.

    Raises:
        InputError: the run was imported, or its checkpoint is not there or has changed.
    """
    arms = [arm for arm in settings.of_arms if arm.maps]
    if not arms:
        return []
    made_by = run.checkpoint
    classifier = load_classifier(made_by["path"], **made_by.get("options", {}))
    run.check_classifier(classifier)
    classifier.to(device)
    found = []
    for done, case in enumerate(cases):
        if progress:
            progress(done, len(cases))
        shown = {
            advice.shown(network.scores[case.name], faulty.get(case.name) if arm.faulty else None)[
                0
            ]
            for arm in arms
        }
        for target in sorted(shown):
            explained = explain(classifier, case.images[0].path, target=target)
            found.append(CaseMap(case.name, target, explained.method, packed(explained.map)))
    return found
