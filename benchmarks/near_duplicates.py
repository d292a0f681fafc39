"""Precision and recall of near-duplicate detection on copies that are changed in known ways.

    python -m benchmarks.near_duplicates FOLDER … [--checkpoint NAME] [--copies 200]

Images of each dataset are saved anew, sized, cut, turned, mirrored and recoloured. Recall is the
share of copies whose original is found, as the nearest of the whole dataset, at a threshold; false
alarms are images whose nearest image of another lesion and patient lies within it. Prints the
tables of docs/data.md. The last part needs a pass of the network for each copy.
"""

import argparse
import io
from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dermxai.core import paths
from dermxai.data import Dataset, load_dataset
from dermxai.data.picture_hash import BITS, NEAR, nearest, picture_hashes
from dermxai.data.splits import groups

Picture = NDArray[np.uint8]
Change = Callable[[Picture], Picture]
BITS_TRIED = (24, 32, 40, 48, 56, 64)
COSINES_TRIED = (0.65, 0.7, 0.75, 0.8, 0.85)
BATCH = 8


def saved(image: Picture, kind: str, **options: int) -> Picture:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, kind, **options)
    return np.asarray(Image.open(buffer).convert("RGB"))


def cut(image: Picture, share: float) -> Picture:
    height, width = image.shape[:2]
    top, left = round(height * share / 2), round(width * share / 2)
    return image[top : height - top, left : width - left]


def turned(image: Picture, degrees: float) -> Picture:
    height, width = image.shape[:2]
    about = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    return cv2.warpAffine(image, about, (width, height), borderMode=cv2.BORDER_REFLECT)


def sized(image: Picture, width: float, height: float) -> Picture:
    shrinks = width * height < 1
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return cv2.resize(image, None, fx=width, fy=height, interpolation=how)


def coloured(image: Picture, *gains: float) -> Picture:
    return np.clip(image * np.array(gains), 0, 255).astype(np.uint8)


def hue(image: Picture, by: int) -> Picture:
    colours = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
    colours[..., 0] = (colours[..., 0].astype(int) + by) % 180
    return cv2.cvtColor(colours, cv2.COLOR_HSV2RGB)


CHANGES: Mapping[str, Change] = {
    "PNG": lambda image: saved(image, "PNG"),
    "JPEG, quality 95": lambda image: saved(image, "JPEG", quality=95),
    "JPEG, quality 75": lambda image: saved(image, "JPEG", quality=75),
    "JPEG, quality 30": lambda image: saved(image, "JPEG", quality=30),
    "JPEG, quality 10": lambda image: saved(image, "JPEG", quality=10),
    "half the size": lambda image: sized(image, 0.5, 0.5),
    "twice the size": lambda image: sized(image, 2, 2),
    "a third of the size": lambda image: sized(image, 1 / 3, 1 / 3),
    "three quarters of the height": lambda image: sized(image, 1, 0.75),
    "2 % cut off": lambda image: cut(image, 0.02),
    "5 % cut off": lambda image: cut(image, 0.05),
    "10 % cut off": lambda image: cut(image, 0.1),
    "20 % cut off": lambda image: cut(image, 0.2),
    "turned by 90°": np.rot90,
    "turned by 180°": lambda image: np.rot90(image, 2),
    "mirrored": lambda image: image[:, ::-1],
    "turned by 2°": lambda image: turned(image, 2),
    "turned by 5°": lambda image: turned(image, 5),
    "turned by 15°": lambda image: turned(image, 15),
    "warmer": lambda image: coloured(image, 1.15, 1, 0.85),
    "brighter by a quarter": lambda image: coloured(image, 1.25, 1.25, 1.25),
    "darker by 40 %": lambda image: coloured(image, 0.6, 0.6, 0.6),
    "hue by 24°": lambda image: hue(image, 12),
    "grey": lambda image: np.repeat(image.mean(axis=2).astype(np.uint8)[..., None], 3, axis=2),
    "blurred": lambda image: cv2.GaussianBlur(image, (0, 0), 3),
}


def changed(image: Picture, change: Change) -> Picture:
    return np.ascontiguousarray(change(image))


def by_hash(name: str, data: Dataset, pictures: list[Picture], chosen: NDArray[np.int64]) -> None:
    known = np.array([picture_hashes(image) for image in pictures])
    together = groups(data.samples).to_numpy()
    away = np.full(len(data), BITS)
    for row in range(len(data)):
        others = known[together != together[row], 0]
        away[row] = nearest(known[[row]], others)[1][0]
    print(f"\n{name}: {len(data)} images, {len(chosen)} of them changed. Hash: bits that differ\n")
    head = " | ".join(f"≤ {bits}" for bits in BITS_TRIED)
    print(f"| change | median | largest | {head} |\n|---|---|---|{'---|' * len(BITS_TRIED)}")
    for what, change in CHANGES.items():
        copies = np.array([picture_hashes(changed(pictures[row], change)) for row in chosen])
        match, bits = nearest(copies, known[:, 0])
        right = match == chosen
        shares = " | ".join(f"{(right & (bits <= most)).mean():.2f}" for most in BITS_TRIED)
        print(f"| {what} | {np.median(bits):.0f} | {bits.max()} | {shares} |")
    alarms = " | ".join(f"{(away <= most).sum()}" for most in BITS_TRIED)
    print(f"| **false alarms** | {np.median(away):.0f} | least {away.min()} | {alarms} |")


def by_features(
    name: str, checkpoint: Path, data: Dataset, pictures: list[Picture], chosen: NDArray[np.int64]
) -> None:
    import torch

    from dermxai.models import feature_similarity, load_classifier
    from dermxai.runs import infer

    classifier = load_classifier(checkpoint)
    pooled = np.asarray(infer(classifier, data).pooled)
    preprocessing = classifier.info.preprocessing

    def features(images: list[Picture]) -> NDArray[np.float32]:
        parts = []
        for start in range(0, len(images), BATCH):
            batch = np.stack([preprocessing(image) for image in images[start : start + BATCH]])
            parts.append(classifier.infer(torch.from_numpy(batch)).pooled.numpy())
        return np.concatenate(parts)

    space = feature_similarity.Space.fitted([pooled])
    if space is None:
        print(f"\n{name}: too few images to compare by features")
        return
    of_all = space.of(pooled)
    together = groups(data.samples).to_numpy()
    near = of_all @ of_all.T
    near[together[:, None] == together] = -1
    most = near.max(axis=1)
    print(f"\n{name}: {len(chosen)} images changed. Features of {classifier.name}: cosine\n")
    head = " | ".join(f"≥ {cosine}" for cosine in COSINES_TRIED)
    either = f"hash ≤ {NEAR} or cosine ≥ {feature_similarity.ALIKE}"
    print(f"| change | median | {head} | {either} |\n|---|---|{'---|' * (len(COSINES_TRIED) + 1)}")
    known = np.array([picture_hashes(image)[0] for image in pictures])
    for what, change in CHANGES.items():
        images = [changed(pictures[row], change) for row in chosen]
        match, cosine = feature_similarity.nearest(space.of(features(images)), of_all)
        right = match == chosen
        shares = " | ".join(f"{(right & (cosine >= least)).mean():.2f}" for least in COSINES_TRIED)
        hashed, bits = nearest(np.array([picture_hashes(image) for image in images]), known)
        both = ((hashed == chosen) & (bits <= NEAR)) | (
            right & (cosine >= feature_similarity.ALIKE)
        )
        print(f"| {what} | {np.median(cosine):.2f} | {shares} | {both.mean():.2f} |")
    alarms = " | ".join(f"{(most >= least).sum()}" for least in COSINES_TRIED)
    print(f"| **false alarms** | {np.median(most):.2f} | {alarms} | |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("datasets", nargs="+", type=Path)
    parser.add_argument("--checkpoint", help="compare by its features, too")
    parser.add_argument("--copies", type=int, default=200)
    parser.add_argument("--copies-by-features", type=int, default=40)
    asked = parser.parse_args()
    for folder in asked.datasets:
        data = load_dataset(folder)
        pictures = [data.image(name) for name in data.samples["sample_id"]]
        draw = np.random.default_rng(0)
        chosen = draw.choice(len(data), min(asked.copies, len(data)), replace=False)
        by_hash(folder.name, data, pictures, chosen)
        if asked.checkpoint:
            few = chosen[: asked.copies_by_features]
            by_features(folder.name, paths.named_checkpoint(asked.checkpoint), data, pictures, few)


if __name__ == "__main__":
    main()
