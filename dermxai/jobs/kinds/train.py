"""A recipe over a dataset: writes a checkpoint, or with folds a whole cross-validation."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dermxai.jobs.kinds import Report

LANE = "device"
TOLD = 4  # settings that a title tells


def title(arguments: Mapping[str, Any]) -> str:
    """Recipe and data, and what differs from the ready recipe."""
    from dermxai.training.recipe import told

    name, differing = told(arguments.get("recipe"))
    what = f"{arguments['folds']}-fold {name}" if arguments.get("folds") else name.capitalize()
    if swept := arguments.get("sweep"):
        what = f"Sweep of {name}"
        values = [f"{each.replace('_', ' ')} {len(swept[each])} values" for each in swept]
        differing = [*values, *differing]
    shown = differing[:TOLD] + ([f"{len(differing) - TOLD} more"] if differing[TOLD:] else [])
    return ": ".join(filter(None, [f"{what} on {data_name(arguments)}", ", ".join(shown)]))


def data_name(arguments: Mapping[str, Any]) -> str:
    """Of a dataset: its folder's or file's, of a table that of the folder, too."""
    path = Path(arguments["dataset"])
    return f"{path.parent.name}/{path.name}" if path.suffix else path.name


def check(arguments: Mapping[str, Any]) -> None:
    """
    Raises:
        InputError: an unknown setting or a value that is not allowed; seeds or baselines without
            folds.
    """
    from dermxai.errors import InputError
    from dermxai.training.combinations import combinations
    from dermxai.training.recipe import chosen

    recipe = chosen("scratch", arguments.get("recipe"))
    if swept := arguments.get("sweep"):
        combinations(recipe, swept)
        if arguments.get("folds") or arguments.get("nodes", 1) > 1:
            raise InputError(
                "A sweep compares settings on the validation images, on one computer; give values "
                "to compare, or folds, and nodes=1."
            )
    several = arguments.get("seeds", 1) > 1 or arguments.get("baselines")
    if several and not arguments.get("folds"):
        raise InputError("Several seeds and comparison networks need folds; give folds, 5 say.")


def run(
    report: Report,
    *,
    dataset: str,
    output: str,
    recipe: Mapping[str, Any] | None = None,
    dataset_options: Mapping[str, Any] | None = None,
    device: str | None = None,
    devices: int = 1,
    nodes: int = 1,
    folds: int = 0,
    seeds: int = 1,
    baselines: Sequence[str] = (),
    sweep: Mapping[str, Any] | None = None,
    halving: bool = True,
) -> dict[str, str]:
    """
    Args:
        output: the checkpoint's folder, with folds the study's; what was interrupted there goes on.
        recipe: fields of `dermxai.training.recipe.Recipe`.
        dataset_options: for `load_dataset`.
        device, devices, nodes: for `dermxai.training.fit.fit`.
        folds: of a cross-validation by patient; 0 for one training.
        seeds, baselines: for `dermxai.training.study.study`, with folds.
        sweep: lists of values by setting, which are compared; without folds.
        halving: for `dermxai.training.sweep.sweep`.

    Returns:
        "checkpoint" or "study": the folder.

    Raises:
        InputError: as `check`, `fit` and `study` say.
    """
    report("loading", 0, 0)
    from dermxai.data import load_dataset
    from dermxai.training.fit import fit
    from dermxai.training.recipe import chosen
    from dermxai.training.study import study

    check(
        {
            "recipe": recipe,
            "folds": folds,
            "seeds": seeds,
            "baselines": baselines,
            "sweep": sweep,
            "nodes": nodes,
        }
    )
    data = load_dataset(dataset, **(dataset_options or {}))
    settings = chosen("scratch", recipe)  # whose settings are the defaults
    if sweep:
        from dermxai.training.sweep import sweep as compare

        values: dict[str, Any] = {"swept": sweep, "halving": halving, "devices": devices}
        return {"study": str(compare(data, settings, output, report, device, **values))}
    where: dict[str, Any] = {"devices": devices, "nodes": nodes}
    if not folds:
        return {"checkpoint": str(fit(data, settings, output, report, device, **where))}
    more = {"folds": folds, "seeds": seeds, "baselines": baselines, **where}
    folder = study(data, settings, output, report, device, **more)
    return {"study": str(folder)}
