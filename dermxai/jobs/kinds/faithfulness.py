"""Faithfulness of the maps of a run's images: methods × measures over a sample of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dermxai.core.settings import Settings, setting
from dermxai.jobs.kinds import JobKind, Report


class Arguments(Settings):
    """``images`` to ``settings`` are those of `results.EvaluationRequest`."""

    run: str = setting(..., "Folder of the run.")
    images: int = setting(40, "How many images, the classes alike as far as they go.", 1)
    methods: Sequence[str] = setting((), "Attribution methods; all that are available if empty.")
    measures: Sequence[str] = setting((), "Measures; all that are available if empty.")
    target: str | None = setting(None, "Class; the predicted one of each image if not given.")
    against: str | None = setting(None, "Class to explain against, or runner-up.")
    head: str | None = setting(None, "Whose logit; the sum of all heads if not given.")
    split: str | None = setting(None, "Only images of this split.")
    selection: str | None = setting(
        None, "Only images of this selection, by its key (sel in the address)."
    )
    seed: int = setting(0, "Of the choice of images and of all draws.", 0)
    settings: Mapping[str, Mapping[str, object]] | None = setting(
        None, "By method or measure, those settings that are not the defaults."
    )
    device: str | None = setting(None, "As torch names it; a GPU where there is one.")


@dataclass(frozen=True, kw_only=True)
class Faithfulness(JobKind[Arguments]):
    def title(self, arguments: Mapping[str, object]) -> str:
        return f"Faithfulness of maps ({arguments.get('images', 40)} images)"

    def work(self, report: Report, arguments: Arguments) -> dict[str, object]:
        """
        Raises:
            InputError: as `dermxai.explain.faithfulness.evaluation.evaluate_maps` says.
        """
        report("loading", 0, 0)
        from dermxai.explain.faithfulness.evaluation import evaluate_maps
        from dermxai.explain.faithfulness.results import EvaluationRequest
        from dermxai.models import load_classifier
        from dermxai.models.devices import usable_device
        from dermxai.runs import open_run

        opened = open_run(arguments.run)
        checkpoint = opened.checkpoint
        classifier = load_classifier(checkpoint["path"], **checkpoint.get("options", {}))
        classifier.to(usable_device(arguments.device)).prepare()
        asked = EvaluationRequest(
            images=arguments.images,
            methods=tuple(arguments.methods),
            measures=tuple(arguments.measures),
            target=arguments.target,
            against=arguments.against,
            head=arguments.head,
            split=arguments.split,
            selection=arguments.selection,
            seed=arguments.seed,
            settings=arguments.settings or {},
        )
        found = evaluate_maps(
            opened, classifier, asked, lambda done, total: report("evaluating", done, total)
        )
        return {"run": arguments.run, "evaluation": found.asked.name}


FAITHFULNESS = Faithfulness(name="faithfulness", lane="device", arguments=Arguments)
