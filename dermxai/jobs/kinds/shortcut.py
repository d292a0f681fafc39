"""An atlas with a planted shortcut, and a model that has learnt it: for a lesson.

On the processor, as the demo.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from dermxai.core import paths
from dermxai.core.settings import Settings
from dermxai.jobs.kinds import JobKind, Report

NAME = "atlas-shortcut"
"""Of the dataset and of the checkpoint."""


class Arguments(Settings):
    pass


@dataclass(frozen=True, kw_only=True)
class Shortcut(JobKind[Arguments]):
    def title(self, arguments: Mapping[str, object]) -> str:
        del arguments
        return "Lesson: the shortcut"

    def work(self, report: Report, arguments: Arguments) -> dict[str, object]:
        from dermxai.data import load_dataset
        from dermxai.data.atlas import write_atlas
        from dermxai.data.atlas.settings import SHORTCUT as ATLAS
        from dermxai.jobs.kinds.infer import INFER
        from dermxai.training.fit import fit
        from dermxai.training.recipe import chosen

        del arguments
        atlas, checkpoint = paths.datasets() / NAME, paths.checkpoints() / NAME
        write_atlas(atlas, ATLAS, lambda done, total: report("atlas", done, total))
        report("training", 0, 0)
        fit(load_dataset(atlas), chosen("light", RECIPE), checkpoint, device="cpu")
        return INFER.run(report, checkpoint=str(checkpoint), dataset=str(atlas), device="cpu")


RECIPE: Mapping[str, object] = {
    "size": 160,
    "start_size": 160,
    "epochs": 6,
    "frozen_blocks": 7,
    "unfreeze": False,
    "learning_rate": 1e-2,
    "balance": 0.0,
    "drop_rate": 0.0,
    "ema_decay": 0.0,
    "keep_by": "loss",
    "batch_size": 24,
}
"""Of `light`: heads only, on packaged ImageNet features, which see ink."""
SHORTCUT = Shortcut(name="shortcut", lane="processor", arguments=Arguments)
