"""``python -m dermxai image-quality``: how well a run's images were taken."""

from dermxai.cli import console
from dermxai.cli.foreground import foreground
from dermxai.cli.options import Json, RunFolder
from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.core.formatting import fixed, jsonable


def image_quality(run: RunFolder, *, json: Json = False) -> None:
    """Measure sharpness, exposure, dark borders, vignetting, hair and rulers of a run's images;
    kept with the run, as columns for subgroups."""
    from dermxai.runs import open_run
    from dermxai.runs.image_quality import open_quality

    folder = str(paths.named_run(run))
    foreground("image_quality", run=folder)
    opened = open_run(folder)
    found = open_quality(opened)
    if found is None:
        raise InputError(f"The image quality in {folder} was removed as it was read; try again.")
    if json:
        named = found.assign(sample_id=opened.samples["sample_id"].to_numpy())
        console.show_json(jsonable({"run": opened.id, "images": named.to_dict("records")}))
        return
    at = found.quantile([0.05, 0.5, 0.95])
    rows = [[str(name), *(fixed(float(value), 3) for value in at[name])] for name in found]
    console.show_table(["Measure", "5th percentile", "Median", "95th percentile"], rows)
