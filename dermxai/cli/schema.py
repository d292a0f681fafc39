"""``dermxai schema``: what settings there are, as JSON schema."""

from collections.abc import Mapping
from typing import Annotated

import typer

from dermxai.cli import console
from dermxai.core.errors import InputError
from dermxai.core.settings import Settings

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema(
    name: Annotated[
        str | None,
        typer.Argument(help="Of what, such as recipe or umap; without it all names."),
    ] = None,
) -> None:
    """Print the JSON schema of settings: recipes, SLURM, notices, access, methods and measures."""
    known = kinds()
    if name is None:
        console.show_json(list(known))
        return
    if name not in known:
        raise InputError(f"There are no settings {name!r}; choose from {', '.join(known)}.")
    console.show_json({"$schema": DIALECT} | known[name].model_json_schema())


def kinds() -> Mapping[str, type[Settings]]:
    """Settings of files and commands by their name, then those of plug-ins by the plug-in's."""
    from dermxai.access.rules import Rules
    from dermxai.data.atlas import AtlasSettings
    from dermxai.explain.attribution.api import methods
    from dermxai.explain.faithfulness.measure import measures
    from dermxai.jobs.notices import NoticeSettings
    from dermxai.jobs.slurm_settings import SlurmSettings
    from dermxai.projection.projector import methods as projections
    from dermxai.training.recipe import Recipe

    own: dict[str, type[Settings]] = {
        "recipe": Recipe,
        "slurm": SlurmSettings,
        "notify": NoticeSettings,
        "access": Rules,
        "atlas": AtlasSettings,
    }
    plugins: dict[str, object] = {**methods(), **measures(), **projections()}
    held = {name: getattr(each, "settings", None) for name, each in plugins.items()}
    return own | {
        name: kind
        for name, kind in held.items()
        if isinstance(kind, type) and issubclass(kind, Settings)
    }
