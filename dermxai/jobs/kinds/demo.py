"""The embedded checkpoint over the synthetic atlas, which is drawn first.

On the processor: it never takes a GPU from a job, nor waits for one.
"""

from collections.abc import Mapping
from typing import Any

from dermxai import paths
from dermxai.errors import InputError
from dermxai.jobs.kinds import Report, infer

LANE = "processor"


def title(_: Mapping[str, Any]) -> str:
    return "Demo"


def run(report: Report, *, images: int | None = None) -> dict[str, str]:
    """
    Args:
        images: of the atlas, where there is none yet.

    Raises:
        InputError: the project's checkpoint is missing.
    """
    from dermxai.data.atlas import DEMO, write_atlas

    embedded = paths.EMBEDDED_CHECKPOINT
    if not paths.CheckpointFiles(embedded).model.is_file():
        raise InputError(f"There is no checkpoint in {embedded}; clone the project anew.")
    atlas = paths.demo_dataset()
    settings = DEMO.replaced(images=images) if images else DEMO
    write_atlas(atlas, settings, lambda done, total: report("atlas", done, total))
    return infer.run(report, checkpoint=str(embedded), dataset=str(atlas), device="cpu")
