"""Faithfulness of the maps of a run's images: methods × measures over a sample of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from dermxai.jobs.kinds import Report

LANE = "device"


def title(arguments: Mapping[str, Any]) -> str:
    return f"Faithfulness of maps ({arguments.get('images', 40)} images)"


def run(
    report: Report,
    *,
    run: str,
    images: int = 40,
    methods: Sequence[str] = (),
    measures: Sequence[str] = (),
    target: str | None = None,
    against: str | None = None,
    head: str | None = None,
    split: str | None = None,
    seed: int = 0,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    device: str | None = None,
) -> dict[str, str]:
    """
    Args:
        run: a run's folder.
        images, methods, measures, target, against, head, split, seed, settings: of
            `dermxai.explain.faithfulness.results.Asked`.
        device: as torch names it; a GPU where there is one.
    """
    report("loading", 0, 0)
    from dermxai.explain.faithfulness.evaluation import evaluate_maps
    from dermxai.explain.faithfulness.results import Asked
    from dermxai.models import load_classifier
    from dermxai.models.devices import usable_device
    from dermxai.runs import open_run

    opened = open_run(run)
    checkpoint = opened.manifest["checkpoint"]
    classifier = load_classifier(checkpoint["path"], **checkpoint.get("options", {}))
    classifier.to(usable_device(device)).prepare()
    asked = Asked(
        images=images,
        methods=tuple(methods),
        measures=tuple(measures),
        target=target,
        against=against,
        head=head,
        split=split,
        seed=seed,
        settings=settings or {},
    )
    found = evaluate_maps(
        opened, classifier, asked, lambda done, total: report("judging", done, total)
    )
    return {"run": run, "quality": found.asked.name}
