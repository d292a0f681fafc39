"""A checkpoint over a dataset: writes a run."""

from collections.abc import Mapping
from dataclasses import dataclass
from secrets import token_hex

from dermxai.core.settings import Settings, setting
from dermxai.jobs import shares as sharing
from dermxai.jobs.kinds import SHARES, JobKind, Report, Share, named
from dermxai.jobs.loading import opened_classifier, opened_dataset


class Arguments(Settings):
    checkpoint: str = setting(..., "Folder of the checkpoint.")
    dataset: str = setting(..., "The dataset's folder, table or archive.")
    checkpoint_options: Mapping[str, object] | None = setting(None, "Options of load_classifier.")
    dataset_options: Mapping[str, object] | None = setting(None, "Options of load_dataset.")
    device: str | None = setting(None, "As torch names it; a GPU where there is one.")
    precision: str | None = setting(None, "Of the forward passes, as infer takes it.")
    engine: str | None = setting(None, "What computes them: torch or openvino.")
    batch_size: int | None = setting(None, "Images of a forward pass.", 1)
    workers: int | None = setting(None, "Processes that read images.", 0)
    shares: int = SHARES


@dataclass(frozen=True, kw_only=True)
class Infer(JobKind[Arguments]):
    def title(self, arguments: Mapping[str, object]) -> str:
        return f"{named(arguments, 'checkpoint')} on {named(arguments, 'dataset')}"

    def work(self, report: Report, arguments: Arguments) -> dict[str, object]:
        """
        Raises:
            InputError: as `dermxai.runs.infer` says.
        """
        report("loading", 0, 0)
        sharing.together(self.name, arguments, arguments.shares, token_hex(8), report)
        from dermxai.runs import infer

        data = opened_dataset(arguments.dataset, arguments.dataset_options)
        classifier = opened_classifier(arguments.checkpoint, arguments.checkpoint_options)
        made = infer(
            classifier,
            data,
            device=arguments.device,
            precision=arguments.precision,
            engine=arguments.engine,
            batch_size=arguments.batch_size,
            workers=arguments.workers,
            progress=lambda done, total: report("images", done, total),
        )
        return {"run": str(made.root)}

    def work_on_share(self, report: Report, share: Share, arguments: Arguments) -> None:
        report("loading", 0, 0)
        from dermxai.runs import infer_share

        data = opened_dataset(arguments.dataset, arguments.dataset_options)
        classifier = opened_classifier(arguments.checkpoint, arguments.checkpoint_options)
        infer_share(
            classifier,
            data,
            share.index,
            share.of,
            token=share.token,
            device=arguments.device,
            precision=arguments.precision,
            engine=arguments.engine,
            batch_size=arguments.batch_size,
            workers=arguments.workers,
            spread=sharing.spread(),
            progress=lambda done, total: report("images", done, total),
        )


INFER = Infer(name="infer", lane="device", arguments=Arguments)
