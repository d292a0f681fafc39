"""How well the images were taken, where that was measured."""

import pandas as pd

from dermxai.core.formatting import fixed
from dermxai.data.image_quality import MEASURES
from dermxai.report.document.content import Section, Table, Text
from dermxai.report.document.material import Material
from dermxai.report.document.sections.data import parts
from dermxai.runs.image_quality import open_quality

_ABOUT = {
    "sharpness": "Sharpness, log10 of the Laplacian's variance",
    "brightness": "Brightness, 0 to 1",
    "contrast": "Contrast, SD of the brightness",
    "overexposed": "Overexposed, share of pixels",
    "dark_border": "Dark border, share of pixels",
    "vignetting": "Vignetting, loss of brightness at the edge",
    "hair": "Hair, share of pixels on thin dark lines",
    "ruler": "Ruler, regularity of marks, 0 to 1",
}


def quality(material: Material) -> Section:
    """Of all images of the run, split by split."""
    title = "Image quality"
    found = open_quality(material.run)
    if found is None:
        told = (
            "Image quality was not measured; the command image-quality, or the page Subgroups, "
            "does so."
        )
        return Section("quality", title, (Text(told),))
    places = {name: material.run.index(rows["sample_id"]) for name, rows in parts(material)}
    shown = pd.DataFrame({"Measure": [_ABOUT[name] for name in MEASURES]})
    numbers = []
    for part, rows in places.items():
        values = found.iloc[rows]
        mean, spread = values.mean(), values.std(ddof=1)
        shown[part] = [f"{fixed(mean[name], 3)} ({fixed(spread[name], 3)})" for name in MEASURES]
        numbers += [
            {
                "part": part,
                "measure": name,
                "images": int(values[name].notna().sum()),
                "mean": mean[name],
                "sd": spread[name],
                "median": values[name].median(),
            }
            for name in MEASURES
        ]
    lacking = int(found.isna().any(axis=1).sum())
    note = (
        "Mean (standard deviation) over images at 256 pixels of the shorter side, the dark border "
        "left out of the others. They say what is seen, not why: scales are sharp, too."
    )
    if lacking:
        note += f" {lacking:,} images could not be read."
    table = Table("image-quality", title, shown, material.with_origin(pd.DataFrame(numbers)), note)
    return Section("quality", title, (table,), frozenset({"quality"}))
