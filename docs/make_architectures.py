"""Writes the table by which `dermxai.models.foreign.signatures` tells networks of timm apart.

``python -m docs.make_architectures``; some minutes. To be run again for another version of timm.
"""

import csv
import warnings
from collections import defaultdict

import timm
import torch

from dermxai.models.foreign.signatures import TABLE, signature

USUAL = (
    *(f"efficientnet_b{index}" for index in range(8)),
    *(f"resnet{depth}" for depth in (18, 34, 50, 101, 152)),
    "inception_v3",
    "densenet121",
)
"""Come first among networks with the same tensors."""


def main() -> None:
    same: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name in timm.list_models():
        if name.startswith("test_"):
            continue
        try:
            same[_signatures(name)].append(name)
        except (AssertionError, AttributeError, NotImplementedError, RuntimeError) as error:
            print(f"{name}: {error}")
    rows = [
        (exact, any_size, " ".join(sorted(names, key=_rank)))
        for (exact, any_size), names in same.items()
    ]
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("exact", "any_size", "architectures"))
        writer.writerows(sorted(rows, key=lambda row: row[2]))
    print(f"{TABLE}: {len(rows)} of {sum(map(len, same.values()))} networks")


def _signatures(name: str) -> tuple[str, str]:
    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = timm.create_model(name)
    layers = network.default_cfg.get("classifier") or ()
    classifiers = tuple(f"{layer}." for layer in ((layers,) if isinstance(layers, str) else layers))
    shapes = {
        tensor: tuple(value.shape)
        for tensor, value in network.state_dict().items()
        if not (classifiers and tensor.startswith(classifiers))
    }
    return signature(shapes), signature(shapes, any_size=True)


def _rank(name: str) -> tuple[bool, bool, int, str]:
    published = bool(timm.list_pretrained(f"{name}.*"))
    return name not in USUAL, not published, len(name), name


if __name__ == "__main__":
    main()
