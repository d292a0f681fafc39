"""EfficientNet-B4 as `infer` runs it beside OpenVINO and a bare forward pass of timm's, on a CPU.

    python -m benchmarks.openvino [--checkpoint FOLDER] [--dataset DATASET] [--sizes 160 380]
        [--threads 2] [--json FILE]

All in one process: the checkpoint's network with all its heads by `infer`, by `infer --engine
openvino` and by OpenVINO itself on ready tensors of a whole batch, in float32 and, where the
processor computes with them, in bfloat16; the bare network is
`timm.create_model("efficientnet_b4").eval()` in float32 on ready tensors. Rounds alternate;
printed is the median of the ratios to the bare network, by the clock and by processor time, which
also holds on a machine that others use. For each also: how many images of the dataset (drawn noise
without one) keep the class that float32 gives them, and how far logits lie from float32's, as mean
and as largest difference, beside the range of the logits.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks.infer import at_size, photographs
from dermxai.core import paths
from dermxai.data import Dataset, load_dataset
from dermxai.models import Classifier, load_classifier, openvino_pass
from dermxai.runs.forward import OPENVINO, forward_pass, part_size

CPU = torch.device("cpu")
BATCH = 16
UNITS = ("avx512_bf16", "amx_bf16")
Pass = Callable[[int], Tensor]
"""Logits (n, class), summed over the heads, of the n-th batch."""


class Summed(nn.Module):
    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        summed: Tensor = self.network(images).logits.sum(1)
        return summed


def computes_bfloat16() -> bool:
    flags = Path("/proc/cpuinfo")
    return flags.is_file() and any(unit in flags.read_text().split() for unit in UNITS)


def pixels_of(classifier: Classifier, dataset: Dataset, count: int) -> NDArray[np.uint8]:
    """(n, size, size, 3), spread over the dataset."""
    names = dataset.samples["sample_id"].to_numpy()
    chosen = names[np.linspace(0, len(names) - 1, min(count, len(names)), dtype=int)]
    prepare = classifier.info.preprocessing.prepare
    return np.stack([prepare(dataset.image(str(name))) for name in chosen])


def passes(classifier: Classifier, batches: list[Tensor], threads: int) -> dict[str, Pass]:
    """Of eight-bit batches (n, size, size, 3); those of other programs have ready tensors."""
    size, how = classifier.info.preprocessing.size, classifier.info.preprocessing
    ready = [
        torch.from_numpy(np.stack([how.normalise(image) for image in each.numpy()]))
        for each in batches
    ]
    bare = timm.create_model("efficientnet_b4", num_classes=len(classifier.info.classes)).eval()
    made: dict[str, Pass] = {"bare": lambda n: bare(ready[n])}
    precisions = {"float32": (torch.float32, "f32")}
    if computes_bfloat16():
        precisions["bfloat16"] = (torch.bfloat16, "bf16")
    network = Summed(classifier.network).eval()
    openvino = openvino_pass.library()
    converted = openvino.convert_model(network, example_input=ready[0])
    for name, (dtype, hint) in precisions.items():
        forward = forward_pass(classifier, CPU, dtype, part_size(size, BATCH, CPU, dtype))
        made[f"infer {name}"] = lambda n, forward=forward: forward(batches[n])[0].sum(1)
        engine = forward_pass(classifier, CPU, dtype, part_size(size, BATCH, CPU), OPENVINO)
        made[f"engine {name}"] = lambda n, engine=engine: engine(batches[n])[0].sum(1)
        how_compiled = {
            "INFERENCE_PRECISION_HINT": hint,
            "INFERENCE_NUM_THREADS": threads,
            "PERFORMANCE_HINT": "LATENCY",
        }
        compiled = openvino.compile_model(converted, "CPU", how_compiled)
        made[f"OpenVINO {name}"] = lambda n, compiled=compiled: torch.from_numpy(
            compiled(ready[n].numpy())[0]
        )
    return made


@torch.inference_mode()
def timed(made: Mapping[str, Pass], batches: int, rounds: int) -> dict[str, dict[str, Any]]:
    """Ratios of the bare pass's time to each other's, and each pass's logits."""
    logits = {name: torch.cat([run(n) for n in range(batches)]) for name, run in made.items()}
    clock: dict[str, list[float]] = {name: [] for name in made}
    processor: dict[str, list[float]] = {name: [] for name in made}
    for index in range(rounds):
        for name, run in made.items():
            began, processor_began = time.perf_counter(), time.process_time()
            run(index % batches)
            clock[name].append(time.perf_counter() - began)
            processor[name].append(time.process_time() - processor_began)
    exact = logits["infer float32"].double()
    rows = {}
    for name in made:
        error = (logits[name].double() - exact).abs()
        rows[name] = {
            "clock": median(np.divide(clock["bare"], clock[name]).tolist()),
            "processor": median(np.divide(processor["bare"], processor[name]).tolist()),
        }
        if name != "bare":
            rows[name] |= {
                "same_top1": float((logits[name].argmax(1) == exact.argmax(1)).double().mean()),
                "mean_error": float(error.mean()),
                "largest_error": float(error.max()),
                "range": float(exact.max() - exact.min()),
            }
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    embedded = paths.EMBEDDED_CHECKPOINTS / "atlas-b4-heads"
    parser.add_argument("--checkpoint", type=Path, default=embedded)
    parser.add_argument("--dataset", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[160, 380])
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--images", type=int, default=64, help="that are compared")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    if not computes_bfloat16():
        print(f"bfloat16 is left out: this processor has none of {', '.join(UNITS)}.")
    found: dict[int, dict[str, dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        drawn = Path(folder) / "drawn"
        dataset = load_dataset(given.dataset) if given.dataset else photographs(drawn, given.images)
        for size in given.sizes:
            classifier = at_size(load_classifier(given.checkpoint), size)
            pixels = torch.from_numpy(pixels_of(classifier, dataset, given.images))
            batches = list(torch.split(pixels, BATCH))
            made = passes(classifier, batches, given.threads)
            found[size] = timed(made, len(batches), given.rounds)
            for name, row in found[size].items():
                print(f"{size:4} px {name:18}" + "".join(f" {k} {v:.4g}" for k, v in row.items()),
                      flush=True)  # fmt: skip
    if given.json:
        given.json.write_text(json.dumps({"openvino": version("openvino"), "sizes": found}))


if __name__ == "__main__":
    main()
