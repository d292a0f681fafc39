"""Images a second of `infer` (reading, preprocessing and writing included) beside a bare timm
EfficientNet-B4 forward at the same size and batch, in one process.

    python -m benchmarks.infer [--checkpoint FOLDER] [--sizes 160 380] [--json FILE]

On a CPU the peer is timm's default layout in float32, on a GPU channels_last with autocast. Rounds
alternate and the median of their ratios counts, since machines differ and are shared. Also: what
lower precision changes, and peak memory over two numbers of images.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import timm
import torch
from PIL import Image

from dermxai.core import paths
from dermxai.data import Dataset, load_dataset
from dermxai.data.transforms import Preprocessing
from dermxai.models import Classifier, ModelInfo, load_classifier
from dermxai.models.multi_head import MultiHeadNetwork
from dermxai.runs import Run, infer
from dermxai.taxonomy import CODES

PHOTOGRAPH = (450, 600)  # height and width of HAM10000's images
MEMORY = (512, 4096)  # images


def photographs(folder: Path, count: int) -> Dataset:
    """Smooth random JPEG files, about as hard to decode as skin."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for index in range(count):
        coarse = rng.integers(60, 230, (30, 40, 3), np.uint8)
        image = Image.fromarray(coarse).resize(PHOTOGRAPH[::-1], Image.Resampling.BICUBIC)
        grain = rng.integers(-8, 8, (*PHOTOGRAPH, 3), np.int16)
        noisy = np.clip(np.asarray(image) + grain, 0, 255).astype(np.uint8)
        Image.fromarray(noisy).save(folder / f"{index:05d}.jpg", quality=90)
    table = folder / "table.csv"
    lines = (f"{index},{index:05d}.jpg" for index in range(count))
    table.write_text("\n".join(["sample_id,path", *lines]))
    return load_dataset(table)


def random_classifier(size: int) -> Classifier:
    torch.manual_seed(0)
    network = MultiHeadNetwork("efficientnet_b4", len(CODES), auxiliary=True)
    info = ModelInfo("efficientnet_b4", network.head_descriptions, CODES, Preprocessing(size=size))
    return Classifier(network, info, f"random {size}", Path("random"))


def at_size(classifier: Classifier, size: int) -> Classifier:
    preprocessing = replace(classifier.info.preprocessing, size=size)
    info = replace(classifier.info, preprocessing=preprocessing)
    return Classifier(classifier.network, info, f"{classifier.hash} {size}", classifier.path)


def bare_forward(size: int, batch: int, device: str) -> Callable[[int], None]:
    """timm's own network over ready tensors."""
    network = timm.create_model("efficientnet_b4", num_classes=len(CODES)).eval().to(device)
    images = torch.randn(batch, 3, size, size, device=device)
    gpu = device != "cpu"
    if gpu:
        network.to(memory_format=torch.channels_last)
        images = images.to(memory_format=torch.channels_last)

    def run(count: int) -> None:
        with torch.inference_mode(), torch.autocast(device, torch.float16, enabled=gpu):
            for start in range(0, count, batch):
                network(images[: min(batch, count - start)])
        if gpu:
            torch.cuda.synchronize()

    return run


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def fresh_run(classifier: Classifier, dataset: Dataset, **options: Any) -> Run:
    """A run in a workspace where there is none yet."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["DERMXAI_HOME"] = home
        run = infer(classifier, dataset, **options)
        run.scores  # noqa: B018 - read before the folder goes
    return run


def speed(
    classifier: Classifier, dataset: Dataset, *, batch: int, rounds: int, device: str
) -> dict[str, float]:
    size = classifier.info.preprocessing.size
    bare = bare_forward(size, batch, device)
    bare(batch)
    taken: list[tuple[float, float]] = []
    for _ in range(rounds):
        taken.append(
            (
                seconds(lambda: bare(len(dataset))),
                seconds(lambda: fresh_run(classifier, dataset, batch_size=batch, device=device)),
            )
        )
    return {
        "size": size,
        "batch": batch,
        "images": len(dataset),
        "bare_images_per_second": len(dataset) / median(peer for peer, _ in taken),
        "infer_images_per_second": len(dataset) / median(ours for _, ours in taken),
        "ratio": median(peer / ours for peer, ours in taken),
    }


def rounding(classifier: Classifier, dataset: Dataset, device: str) -> list[dict[str, object]]:
    """What lower precision changes in the scores and decisions."""
    exact = fresh_run(classifier, dataset, device=device, precision="float32")
    rows: list[dict[str, object]] = []
    for precision in ("bfloat16", "float16") if device != "cpu" else ("bfloat16",):
        run = fresh_run(classifier, dataset, device=device, precision=precision)
        error = np.abs(run.scores - exact.scores)
        rows.append(
            {
                "precision": precision,
                "mean_error": float(error.mean()),
                "largest_error": float(error.max()),
                "score_range": float(np.ptp(exact.scores)),
                "same_top1": float((run.predicted == exact.predicted).mean()),
            }
        )
    return rows


def peak_memory(folder: Path, images: int) -> float:
    """Peak resident memory in MB of a process that makes a run of small images."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.infer"),
            *("--measure-memory", str(images), "--work", str(folder)),
        ],
        cwd=paths.PROJECT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return float(done.stdout)


def measure_memory(folder: Path, images: int) -> None:
    Image.new("RGB", (80, 60), "pink").save(folder / "one.png")
    lines = (f"{index},one.png" for index in range(images))
    table = folder / f"{images}.csv"
    table.write_text("\n".join(["sample_id,path", *lines]))
    fresh_run(random_classifier(32), load_dataset(table))
    status = Path("/proc/self/status").read_text()  # ru_maxrss would hold the parent's peak
    print(int(status.split("VmHWM:")[1].split()[0]) / 1024)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--checkpoint", type=Path, help="random weights if not given")
    parser.add_argument("--dataset", type=Path, help="for what lower precision changes")
    parser.add_argument("--sizes", type=int, nargs="+", default=[160, 380])
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--images", type=int, default=256, help="at 160 px; fewer at larger sizes")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--measure-memory", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure_memory:
        measure_memory(arguments.work, arguments.measure_memory)
        return

    classifier = load_classifier(arguments.checkpoint) if arguments.checkpoint else None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        speeds = []
        print("  size  batch   bare img/s  infer img/s   ratio", flush=True)
        for size in arguments.sizes:
            one = at_size(classifier, size) if classifier else random_classifier(size)
            count = max(32, round(arguments.images * min(1, (160 / size) ** 2)))
            dataset = photographs(folder / f"photographs {size}", count)
            row = speed(
                one,
                dataset,
                batch=arguments.batch,
                rounds=arguments.rounds,
                device=arguments.device,
            )
            speeds.append(row)
            print(
                f"{row['size']:6}{row['batch']:7}{row['bare_images_per_second']:13.1f}"
                f"{row['infer_images_per_second']:13.1f}{row['ratio']:8.2f}",
                flush=True,
            )
        precisions: list[dict[str, object]] = []
        if classifier:
            chosen = load_dataset(arguments.dataset) if arguments.dataset else dataset
            precisions = rounding(classifier, chosen, arguments.device)
            for rounded in precisions:
                print(rounded)
        memory = {count: peak_memory(folder, count) for count in MEMORY}
        print("peak memory: " + ", ".join(f"{n} images {mb:.0f} MB" for n, mb in memory.items()))
    if arguments.json:
        report = {"speed": speeds, "precision": precisions, "peak_memory_mb": memory}
        arguments.json.write_text(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
