"""``python -m dermxai project``: a run's features in two dimensions."""

from typing import Annotated

import typer

from dermxai.cli import console
from dermxai.cli.foreground import foreground
from dermxai.cli.options import Json, RunFolder, Setting, method_settings
from dermxai.core import paths
from dermxai.core.errors import InputError


def project(
    run: RunFolder,
    method: Annotated[str, typer.Option(help="Projection method.")] = "umap",
    space: Annotated[
        str | None, typer.Option(help="Feature space; the inputs of the final head if not given.")
    ] = None,
    setting: Setting = None,
    json: Json = False,
) -> None:
    """Map a run's features to two coordinates; kept with the run and printed as a table."""
    from dermxai.projection import open_projection
    from dermxai.projection.projector import methods
    from dermxai.report.origin import origin
    from dermxai.runs import feature_spaces, open_run

    folder = str(paths.named_run(run))
    settings = method_settings(methods(), method, setting)
    foreground("project", run=folder, method=method, settings=settings, space=space)
    opened = open_run(folder)
    projection = open_projection(opened, method, settings, space)
    if projection is None:
        raise InputError(f"The map of {folder} was removed while it was being read; try again.")
    if json:
        coordinates = projection.coordinates.tolist()
        names = [str(name) for name in projection.sample_ids]
        console.show_json(
            {
                "origin": origin(opened),
                "method": projection.method,
                "space": feature_spaces.chosen(opened, space),
                "settings": dict(projection.settings),
                "coordinates": dict(zip(names, coordinates, strict=True)),
                "notes": list(projection.notes),
            }
        )
        return
    for note in projection.notes:
        console.say(note)
    print(f"{len(projection.sample_ids)} images by {projection.method}, kept in {folder}")
