"""Draws the figure of docs/guides/figure.md by running the guide's Python on drawn images, with the
embedded checkpoint: python -m docs.make_guide_figure"""

import os
import re
import shutil
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PIL import Image

from dermxai import load_dataset
from dermxai.core import paths
from dermxai.data.atlas import AtlasSettings, write_atlas

GUIDE = paths.PROJECT / "docs/guides/figure.md"
FIGURE = paths.PROJECT / "docs/images/figure.png"
WIDTH = 1400  # pixels
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SETTINGS = AtlasSettings(images=40, seed=11, class_mix={"EAD": 1, "SD": 1}, images_a_patient=2)


def blocks(language: str) -> list[str]:
    """The guide's blocks of code in a language, in their order."""
    return [code for name, code in BLOCK.findall(GUIDE.read_text("utf-8")) if name == language]


def run_python() -> dict[str, Any]:
    """Runs the guide's Python in the current folder; the names that it leaves."""
    there: dict[str, Any] = {"__name__": "__main__"}
    for code in blocks("python"):
        exec(compile(code, str(GUIDE), "exec"), there)
    return there


def main() -> None:
    with TemporaryDirectory() as folder, chdir(folder):
        os.environ["DERMXAI_HOME"] = folder
        samples = load_dataset(write_atlas(Path("atlas"), SETTINGS)).samples
        for row in samples.itertuples():
            there = Path("lesions", row.label, f"patient {row.patient_id}")
            there.mkdir(parents=True, exist_ok=True)
            shutil.copy(row.path, there)
        run_python()
        with Image.open("figure.png") as figure:
            smaller = figure.convert("RGB").resize((WIDTH, WIDTH * figure.height // figure.width))
        smaller.quantize(256).save(FIGURE, optimize=True)


if __name__ == "__main__":
    main()
