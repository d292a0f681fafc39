"""Contrast maps of two classes, averaged over the images of each confusion cell."""

from collections.abc import Mapping
from dataclasses import dataclass

from dermxai.core.settings import Settings, setting
from dermxai.jobs.kinds import JobKind, Report


class Arguments(Settings):
    """``first``, ``second``, ``split`` and ``most`` are those of
    `dermxai.explain.confusion.averaging.average_maps`."""

    run: str = setting(..., "Folder of the run.")
    first: str = setting(..., "A class of the run.")
    second: str = setting(..., "Another one.")
    split: str | None = setting(None, "Only images of this split.")
    most: int | None = setting(None, "Images of a cell; as many as are usual if not given.", 1)
    device: str | None = setting(None, "As torch names it; a GPU where there is one.")


@dataclass(frozen=True, kw_only=True)
class Pair(JobKind[Arguments]):
    def title(self, arguments: Mapping[str, object]) -> str:
        return f"Averaged maps, {arguments.get('first')} against {arguments.get('second')}"

    def work(self, report: Report, arguments: Arguments) -> dict[str, object]:
        """
        Raises:
            InputError: as `dermxai.explain.confusion.averaging.average_maps` says.
        """
        report("loading", 0, 0)
        from dermxai.explain.confusion.averaging import average_maps
        from dermxai.explain.confusion.pair_maps import MOST
        from dermxai.models import load_classifier
        from dermxai.models.devices import usable_device
        from dermxai.runs import open_run

        opened = open_run(arguments.run)
        made_by = opened.checkpoint
        average_maps(
            opened,
            lambda: load_classifier(made_by["path"], **made_by.get("options", {})).to(
                usable_device(arguments.device)
            ),
            arguments.first,
            arguments.second,
            split=arguments.split,
            most=MOST if arguments.most is None else arguments.most,
            progress=lambda done, total: report("images", done, total),
        )
        return {"run": arguments.run, "first": arguments.first, "second": arguments.second}


PAIR = Pair(name="pair", lane="device", arguments=Arguments)
