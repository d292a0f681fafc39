"""What `infer` takes beside a bare forward pass of timm's network, family by family, on a CPU.

    python -m benchmarks.families [NAME …] [--all] [--threads 1] [--rounds 5] [--json FILE]

Without names a third of the families of tests/models/test_families.py, in turn by day. Both run in
one process, with random weights, at the size that the network is made for (224 pixels where it
takes any). Two ratios, each of bare time by ours, so that 1 is as fast and 2 twice as fast:

- **network**: eight-bit images to logits and features, as a run computes them, folded and fused,
  against ready float32 tensors through `timm.create_model(NAME).eval()`;
- **infer**: with JPEG files of 450 × 600 pixels read, perceptual hashes and the run written.

Time is the processor's (all threads), so that the ratio holds on a machine that others use, too;
rounds alternate and the median counts.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import timm
import torch

from benchmarks.infer import fresh_run, photographs
from dermxai.data import Dataset
from dermxai.data.transforms import Preprocessing
from dermxai.models import Classifier, ModelInfo
from dermxai.models.backbone import own_size
from dermxai.models.multi_head import MultiHeadNetwork
from dermxai.runs.forward import forward_pass, part_size
from tests.models.test_families import FAMILIES, TURN

CLASSES = ("MN", "BCC", "DF", "SK", "AV", "LP", "EAD")
SIZE = 224
SMALLEST = {"inception_v3": 299, "inception_resnet_v2": 299}
CPU = torch.device("cpu")


def random_classifier(architecture: str) -> Classifier:
    size = SMALLEST.get(architecture) or own_size(architecture) or SIZE
    torch.manual_seed(0)
    network = MultiHeadNetwork(architecture, len(CLASSES), auxiliary=False, size=size).eval()
    info = ModelInfo(architecture, network.head_descriptions, CLASSES, Preprocessing(size))
    return Classifier(network, info, f"random {architecture}", Path(architecture))


def processor_seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def ratios(
    bare: Callable[[], object], ours: Callable[[], object], rounds: int
) -> tuple[float, list[float]]:
    """Median of bare by ours, and all."""
    bare(), ours()  # whatever is laid out at first
    found = []
    for _ in range(rounds):
        peer = processor_seconds(bare)
        found.append(peer / processor_seconds(ours))
    return median(found), found


@torch.inference_mode()
def of_family(
    architecture: str, batch: int, images: int, rounds: int, folder: Path
) -> dict[str, Any]:
    classifier = random_classifier(architecture)
    size = classifier.info.preprocessing.size
    pixels = torch.randint(0, 256, (batch, size, size, 3), dtype=torch.uint8)
    mean, std = (
        torch.tensor(each).view(1, 3, 1, 1)
        for each in (classifier.info.preprocessing.mean, classifier.info.preprocessing.std)
    )
    ready = ((pixels.permute(0, 3, 1, 2).float() / 255 - mean) / std).contiguous()
    bare = timm.create_model(architecture, num_classes=len(CLASSES)).eval()
    forward = forward_pass(classifier, CPU, torch.float32, part_size(size, batch, CPU))
    own, each = ratios(lambda: bare(ready), lambda: forward(pixels), rounds)
    row = {"family": architecture, "size": size, "network": own, "rounds": each}
    if images:
        row["infer"] = of_files(classifier, bare, photographs(folder, images), ready, rounds)
    return row


def of_files(
    classifier: Classifier,
    bare: torch.nn.Module,
    dataset: Dataset,
    ready: torch.Tensor,
    rounds: int,
) -> float:
    batch = len(ready)

    def peer() -> None:
        for start in range(0, len(dataset), batch):
            bare(ready[: min(batch, len(dataset) - start)])

    return ratios(
        peer, lambda: fresh_run(classifier, dataset, device="cpu", batch_size=batch), rounds
    )[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--images", type=int, default=0, help="of infer's ratio; 0: none")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    third = [name for index, name in enumerate(FAMILIES) if index % 3 == TURN]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for index, name in enumerate(given.names or (FAMILIES if given.all else third)):
            own = Path(folder) / str(index)
            rows.append(of_family(name, given.batch, given.images, given.rounds, own))
            row = rows[-1]
            files = f", infer {row['infer']:.2f}" if "infer" in row else ""
            print(
                f"{name:34}{row['size']:4} px  network {row['network']:.2f} "
                f"({min(row['rounds']):.2f} to {max(row['rounds']):.2f}){files}",
                flush=True,
            )
    slower = [row["family"] for row in rows if row["network"] < 1]
    print(f"slower than bare: {', '.join(slower) or 'none'}")
    if given.json:
        given.json.write_text(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
