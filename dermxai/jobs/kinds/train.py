"""A recipe over a dataset: writes a checkpoint, or with folds a whole cross-validation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dermxai.core.errors import InputError
from dermxai.core.settings import Settings, setting
from dermxai.jobs.kinds import JobKind, Report, number
from dermxai.jobs.loading import opened_dataset

TOLD = 4  # settings that a title tells


class Work(Settings):
    """What is to be trained, and on what."""

    dataset: str = setting(..., "The dataset's folder, table or archive.")
    recipe: Mapping[str, object] | None = setting(None, "Settings of the recipe.")
    dataset_options: Mapping[str, object] | None = setting(None, "Options of load_dataset.")
    device: str | None = setting(None, "As torch names it; a GPU where there is one.")
    devices: int = setting(1, "GPUs, on each computer.", 1)
    folds: int = setting(
        0, "Of a cross-validation by patient, whose result is mean ± SD; 0: one training.", 0
    )
    seeds: int = setting(1, "Trainings of each fold; several need folds.", 1)
    baselines: Sequence[str] = setting(
        (),
        "Networks under the same recipe to compare with, by timm name; need folds.",
        title="Comparison networks",
    )
    sweep: Mapping[str, object] | None = setting(
        None, "Lists of values by setting, which are compared; without folds."
    )
    halving: bool = setting(
        True, "Of a sweep: after a first share of the epochs only the better half goes on."
    )


class Arguments(Work):
    output: str = setting(
        ..., "The checkpoint's folder, with folds the study's; what was interrupted there goes on."
    )
    nodes: int = setting(1, "Computers that train together.", 1)


@dataclass(frozen=True, kw_only=True)
class Train(JobKind[Arguments]):
    def title(self, arguments: Mapping[str, object]) -> str:
        """Recipe and data, and what differs from the ready recipe."""
        from dermxai.training.recipe import told

        recipe = arguments.get("recipe")
        try:
            name, differing = told(recipe if isinstance(recipe, Mapping) else None)
        except InputError:
            name, differing = "training", []
        folds, swept = arguments.get("folds"), arguments.get("sweep")
        what = f"{folds}-fold {name}" if folds else name.capitalize()
        if isinstance(swept, Mapping) and swept:
            what = f"Sweep of {name}"
            counts = {
                str(each): len(values) if isinstance(values, Sequence) else 1
                for each, values in swept.items()
            }
            values = [f"{each.replace('_', ' ')} {count} values" for each, count in counts.items()]
            differing = [*values, *differing]
        shown = differing[:TOLD] + ([f"{len(differing) - TOLD} more"] if differing[TOLD:] else [])
        return ": ".join(filter(None, [f"{what} on {data_name(arguments)}", ", ".join(shown)]))

    def check(self, arguments: Mapping[str, object]) -> None:
        """
        Raises:
            InputError: an unknown setting or a value that is not allowed; seeds or networks
                without folds.
        """
        check(arguments)

    def work(self, report: Report, arguments: Arguments) -> dict[str, object]:
        """
        Returns:
            "checkpoint" or "study": the folder.

        Raises:
            InputError: as `check`, `fit` and `study` say.
        """
        report("loading", 0, 0)
        from dermxai.training.fit import fit
        from dermxai.training.recipe import chosen
        from dermxai.training.studies.study import study

        check(arguments.model_dump())
        data = opened_dataset(arguments.dataset, arguments.dataset_options)
        recipe = chosen("scratch", arguments.recipe)  # whose settings are the defaults
        asked = (data, recipe, arguments.output, report, arguments.device)
        devices, nodes = arguments.devices, arguments.nodes
        if arguments.sweep:
            from dermxai.training.studies.sweep import sweep

            folder = sweep(
                *asked, swept=arguments.sweep, halving=arguments.halving, devices=devices
            )
            return {"study": str(folder)}
        if not arguments.folds:
            return {"checkpoint": str(fit(*asked, devices=devices, nodes=nodes))}
        folder = study(
            *asked,
            folds=arguments.folds,
            seeds=arguments.seeds,
            baselines=arguments.baselines,
            devices=devices,
            nodes=nodes,
        )
        return {"study": str(folder)}


def data_name(arguments: Mapping[str, object]) -> str:
    """Of a dataset: its folder's or file's, of a table that of the folder, too."""
    path = Path(str(arguments.get("dataset", "")))
    return f"{path.parent.name}/{path.name}" if path.suffix else path.name


def check(arguments: Mapping[str, object]) -> None:
    """As `Train.check`."""
    from dermxai.training.recipe import chosen
    from dermxai.training.studies.combinations import combinations

    recipe = chosen("scratch", arguments.get("recipe"))
    swept = arguments.get("sweep")
    if isinstance(swept, Mapping) and swept:
        combinations(recipe, swept)
        if arguments.get("folds") or number(arguments, "nodes") > 1:
            raise InputError(
                "A sweep compares settings on the validation images, on one computer; give values "
                "to compare, or folds, and nodes=1."
            )
    several = number(arguments, "seeds") > 1 or arguments.get("baselines")
    if several and not arguments.get("folds"):
        raise InputError("Several seeds and comparison networks need folds; give folds, 5 say.")


TRAIN = Train(name="train", lane="device", arguments=Arguments)
