"""A checkpoint over a dataset: writes a run."""

from collections.abc import Mapping
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

from dermxai.core.settings import Settings, setting
from dermxai.jobs import shares as sharing
from dermxai.jobs.kinds import JobKind, Report, Share, named


class Arguments(Settings):
    checkpoint: str = setting(..., "Folder of the checkpoint.")
    dataset: str = setting(..., "The dataset's folder, table or archive.")
    checkpoint_options: Mapping[str, Any] | None = setting(None, "Options of load_classifier.")
    dataset_options: Mapping[str, Any] | None = setting(None, "Options of load_dataset.")
    device: str | None = setting(None, "As torch names it; a GPU where there is one.")
    precision: str | None = setting(None, "Of the forward passes, as infer takes it.")
    batch_size: int | None = setting(None, "Images of a forward pass.", 1)
    workers: int | None = setting(None, "Processes that read images.", 0)
    shares: int = setting(
        1, "Processes that share the work, each with a GPU of its own where there are any."
    )


@dataclass(frozen=True, kw_only=True)
class Infer(JobKind[Arguments]):
    def title(self, arguments: Mapping[str, object]) -> str:
        return f"{named(arguments, 'checkpoint')} on {named(arguments, 'dataset')}"

    def check(self, arguments: Mapping[str, Any]) -> None:
        """
        Raises:
            InputError: a number of shares that cannot be.
        """
        sharing.check(arguments.get("shares", 1))

    def work(self, report: Report, arguments: Arguments) -> dict[str, object]:
        """
        Raises:
            InputError: as `dermxai.runs.infer` says.
        """
        report("loading", 0, 0)
        asked = arguments.model_dump(exclude={"shares"})
        sharing.together(self.name, asked, arguments.shares, token_hex(8), report)
        from dermxai.data import load_dataset
        from dermxai.models import load_classifier
        from dermxai.runs import infer

        data = load_dataset(arguments.dataset, **(arguments.dataset_options or {}))
        classifier = load_classifier(arguments.checkpoint, **(arguments.checkpoint_options or {}))
        made = infer(
            classifier,
            data,
            device=arguments.device,
            precision=arguments.precision,
            batch_size=arguments.batch_size,
            workers=arguments.workers,
            progress=lambda done, total: report("images", done, total),
        )
        return {"run": str(made.root)}

    def work_on_share(self, report: Report, share: Share, arguments: Arguments) -> None:
        report("loading", 0, 0)
        from dermxai.data import load_dataset
        from dermxai.models import load_classifier
        from dermxai.runs import infer_share

        data = load_dataset(arguments.dataset, **(arguments.dataset_options or {}))
        classifier = load_classifier(arguments.checkpoint, **(arguments.checkpoint_options or {}))
        infer_share(
            classifier,
            data,
            share.index,
            share.of,
            token=share.token,
            device=arguments.device,
            precision=arguments.precision,
            batch_size=arguments.batch_size,
            workers=arguments.workers,
            spread=sharing.spread(),
            progress=lambda done, total: report("images", done, total),
        )


INFER = Infer(name="infer", lane="device", arguments=Arguments)
