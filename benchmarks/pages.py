"""Server time of every page on a run of 13,603 images, and of a click to image and Grad-CAM.

    python -m benchmarks.pages [--images N] [--json FILE]

The run is made up; the checkpoint of the clicks is EfficientNet-B4 with seven auxiliary heads,
random weights, 380 px. "First" is a server's first visit to the page, "again" any later one. A
click is compared with one forward pass, machines being what they are: until the image lies under
its map, and until the whole page is there, votes and every head's map included.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from statistics import median

from dermxai.runs.files import RunFiles

REPEATS = 15


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=13_603)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["DERMXAI_HOME"] = home
        results = measure(arguments.images)
    print(f"{'':40}{'first':>10}{'again':>10}")
    for page, (first, again) in results["pages"].items():
        print(f"{page + ', seconds':40}{first:10.3f}{again:10.3f}")
    forward = results["forward"]
    print(f"{'one forward pass, seconds':50}{forward:10.3f}")
    for what, passes in results["clicks"].items():
        print(f"{f'click to {what}, in forward passes':50}{passes:10.2f}")
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1))


def measure(images: int) -> dict[str, object]:
    import torch
    from streamlit.testing.v1 import AppTest

    from dermxai.core import paths
    from dermxai.projection import project
    from dermxai.ui.components import explained
    from dermxai.ui.pages.feature_map import feature_map
    from tests.generated import generated_run

    classifier = _classifier(paths.checkpoints() / "b4")
    run = generated_run(
        paths.runs() / "run", images, files=2 * REPEATS + 1, checkpoint=classifier.path
    )
    manifest = RunFiles(run.root).manifest
    content = json.loads(manifest.read_text())
    content["checkpoint"]["hash"] = classifier.hash
    manifest.write_text(json.dumps(content))
    project(run, "pca")
    feature_map.FIRST = "pca"

    app = AppTest.from_file(
        paths.PROJECT / "dermxai" / "ui" / "app" / "script.py", default_timeout=600
    )
    app.query_params["run"] = "run"
    app.run()
    pages = {}
    for file in sorted((paths.PROJECT / "pages").glob("*/*.py")):
        app.switch_page(str(file))
        first = _seconds(app.run)
        pages[file.stem.partition("_")[2]] = (
            first,
            median(_seconds(app.run) for _ in range(REPEATS)),
        )
        if app.exception or app.error:
            raise RuntimeError(f"{file}: {app.error}")

    image = torch.randn(1, 3, 380, 380)
    classifier.infer(image)
    app.switch_page(str(next(paths.PROJECT.glob("pages/*/*_image.py")))).run()
    shown: list[float] = []
    show = explained._show

    def noting(*arguments) -> None:
        show(*arguments)
        shown.append(time.perf_counter())

    explained._show = noting
    forwards, maps, whole = [], [], []
    for sample_id in run.samples["sample_id"][1 : REPEATS + 1]:  # an image that is new each time
        forward = _seconds(lambda: classifier.infer(image))
        app.query_params["primary"] = sample_id
        began = time.perf_counter()
        whole.append(_seconds(app.run) / forward)
        maps.append((shown[-1] - began) / forward)  # first it is shown without its map
        forwards.append(forward)
    clicks = {"image and map": median(maps), "the whole page": median(whole)}
    return {"images": images, "pages": pages, "forward": median(forwards), "clicks": clicks}


def _classifier(folder: Path):
    import torch

    from dermxai.data.transforms import Preprocessing
    from dermxai.models import ModelInfo, load_classifier, save_checkpoint
    from dermxai.models.multi_head import MultiHeadNetwork
    from dermxai.taxonomy import CODES

    torch.manual_seed(0)
    network = MultiHeadNetwork("efficientnet_b4", len(CODES), auxiliary=True)
    info = ModelInfo("efficientnet_b4", network.head_descriptions, CODES, Preprocessing(size=380))
    return load_classifier(save_checkpoint(folder, network, info, "# benchmark"))


def _seconds(work) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
