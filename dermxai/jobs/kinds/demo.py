"""The embedded checkpoint over the synthetic atlas, which is drawn first.

On the processor: it never takes a GPU from a job, nor waits for one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.core.settings import Settings, setting
from dermxai.jobs.kinds import JobKind, Report


class Arguments(Settings):
    images: int | None = setting(None, "Images of the atlas, where there is none yet.", 1)


@dataclass(frozen=True, kw_only=True)
class Demo(JobKind[Arguments]):
    def title(self, arguments: Mapping[str, object]) -> str:
        del arguments
        return "Demo"

    def work(self, report: Report, arguments: Arguments) -> dict[str, object]:
        """
        Raises:
            InputError: the project's checkpoint is missing.
        """
        from dermxai.data.atlas import DEMO as USUAL
        from dermxai.data.atlas import write_atlas
        from dermxai.data.places import demo_dataset
        from dermxai.jobs.kinds.infer import INFER
        from dermxai.models.files import CheckpointFiles

        embedded = paths.EMBEDDED_CHECKPOINT
        if not CheckpointFiles(embedded).model.is_file():
            raise InputError(f"There is no checkpoint in {embedded}; clone the project anew.")
        atlas = demo_dataset()
        settings = USUAL.replaced(images=arguments.images) if arguments.images else USUAL
        write_atlas(atlas, settings, lambda done, total: report("atlas", done, total))
        return INFER.run(report, checkpoint=str(embedded), dataset=str(atlas), device="cpu")


DEMO = Demo(name="demo", lane="processor", arguments=Arguments)
