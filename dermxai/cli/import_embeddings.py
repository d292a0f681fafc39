"""``python -m dermxai import-embeddings``: a further feature space of a run."""

from pathlib import Path
from typing import Annotated

import typer

from dermxai.cli import console
from dermxai.cli.options import Json, RunFolder
from dermxai.core import paths


def import_embeddings(
    run: RunFolder,
    embeddings: Annotated[
        Path, typer.Argument(help=".npz file or table of embeddings, a row an image.")
    ],
    name: Annotated[
        str | None, typer.Option(help="Of the feature space; the file's name if not given.")
    ] = None,
    ids: Annotated[str | None, typer.Option(help="The column that names the image.")] = None,
    json: Json = False,
) -> None:
    """Add embeddings of another network to a run, for its Feature map and Nearest neighbours."""
    from dermxai.runs import embeddings as spaces
    from dermxai.runs import feature_spaces, open_run

    opened = open_run(paths.named_run(run))
    space = spaces.import_embeddings(opened, embeddings, name=name, ids=ids)
    dimensions = feature_spaces.features(opened, space).shape[1]
    if json:
        console.show_json({"run": str(opened.root), "space": space, "dimensions": dimensions})
    else:
        print(f"{space}: {dimensions} features of {len(opened):,} images, kept in {opened.root}")
