"""``python -m dermxai slices``: named sets of a dataset's images."""

from pathlib import Path
from typing import Annotated

import typer

from dermxai.cli import console
from dermxai.cli.options import Data, Json
from dermxai.slices.combination import Operation

app = typer.Typer(help="Named sets of a dataset's images, see the page Slices.")
Name = Annotated[str, typer.Argument(help="Of the slice.")]


@app.command("list")
def list_(dataset: Data, *, json: Json = False) -> None:
    """List a dataset's slices."""
    from dermxai.slices import find_slices

    found, odd = find_slices(dataset)
    if json:
        console.show_json(
            {
                "slices": [
                    {
                        "name": each.name,
                        "images": len(each),
                        "origin": each.origin,
                        "made_by": each.made_by,
                        "made_at": each.made_at,
                    }
                    for each in found
                ],
                "left_out": [f"{each.path} {each.reason}" for each in odd],
            }
        )
        return
    rows = [(each.name, len(each), each.origin, each.made_by, each.made_at) for each in found]
    console.show_table(("slice", "images", "made from", "by", "at"), rows)
    for each in odd:
        console.say(f"{each.path} {each.reason}. {each.remedy}")


@app.command()
def show(dataset: Data, name: Name, *, json: Json = False) -> None:
    """Print the sample ids of a slice, one a line."""
    from dermxai.slices import open_slice

    opened = open_slice(dataset, name)
    if json:
        console.show_json({"name": opened.name, "sample_ids": list(opened.sample_ids)})
        return
    for sample_id in opened.sample_ids:
        print(sample_id)


@app.command()
def keep(
    dataset: Data,
    name: Name,
    sample_ids: Annotated[list[str], typer.Argument(help="Ids of its images.")],
) -> None:
    """Keep images of a dataset as a slice."""
    from dermxai.access.audit import account
    from dermxai.core.errors import InputError
    from dermxai.data import load_dataset
    from dermxai.slices import Slice
    from dermxai.slices import keep as keep_slice

    known = set(load_dataset(dataset).samples["sample_id"])
    if strange := [each for each in sample_ids if each not in known]:
        raise InputError(f"{dataset} has no image {strange[0]!r}; nothing was kept.")
    by = account().removeprefix("account ")
    keep_slice(dataset, Slice.of(name, sample_ids, made_by=by, origin="command line"))


@app.command()
def combine(
    dataset: Data,
    first: Annotated[str, typer.Argument(help="A slice.")],
    operation: Annotated[Operation, typer.Argument(help="What is done with them.")],
    second: Annotated[str, typer.Argument(help="Another slice.")],
    name: Annotated[str, typer.Argument(help="Of the new slice.")],
) -> None:
    """Keep the combination of two slices as another one."""
    from dermxai.access.audit import account
    from dermxai.slices import Slice, combined, open_slice
    from dermxai.slices import keep as keep_slice

    one, other = (open_slice(dataset, each).sample_ids for each in (first, second))
    made = Slice.of(
        name,
        combined(operation, one, other),
        made_by=account().removeprefix("account "),
        origin=f"{first} {operation} {second}",
    )
    keep_slice(dataset, made)


@app.command()
def remove(dataset: Data, name: Name) -> None:
    """Remove a slice; its images and their annotations stay."""
    from dermxai.slices import remove as remove_slice

    remove_slice(dataset, name)


@app.command()
def relabelled(
    dataset: Data,
    output: Annotated[Path, typer.Argument(help="File to write.", dir_okay=False)],
) -> None:
    """Write the sample table with the labels that two readers have agreed on."""
    from dermxai.data import load_dataset
    from dermxai.slices.relabelling import write_relabelled

    opened = load_dataset(dataset)
    changed = write_relabelled(dataset, opened.samples, output)
    console.say(f"{changed:,} of {len(opened):,} labels differ from the dataset's.")
