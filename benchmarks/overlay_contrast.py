"""How far the colours of a map lie from those of the image beneath it, on six skin tones.

    python -m benchmarks.overlay_contrast [DATASET …] [--images 24] [--strength 0.5 0.7]

Images are those of the demo's atlas, or of the datasets that are named. The median CIELAB colour of
an image's corners is shifted to a colour within each of the six groups of the individual typology
angle ITA = atan((L* − 50) / b*) (Chardon et al. 1991, doi:10.1111/j.1467-2494.1991.tb00561.x; Del
Bino and Bernerd 2013, doi:10.1111/bjd.12529), with all else of the image. Over it lies a constant
map, for and against, at full colour and at half of it. Told are CIEDE2000 differences, the 5th
percentile of pixels of all images and the lowest of the six tones:

- change: of a pixel to itself without the map: whether the map is seen at all.
- apart: of a pixel to the nearest colour of the image without the map: whether it could be taken
  for something of the skin.
- sides: between the map for and against, the lowest of normal vision, protanopia, deuteranopia and
  tritanopia (Machado et al. 2009, doi:10.1109/TVCG.2009.113).
"""

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000, lab2rgb, rgb2lab

from dermxai import load_dataset
from dermxai.data.places import demo_dataset
from dermxai.data.transforms import resize
from dermxai.figures import overlay

SIDE = 48  # pixels to which an image is made smaller
FEWEST = 5  # percentile
TONES = {  # CIELAB, ITA in degrees
    "I, very light (59°)": (70.0, 6.0, 12.0),
    "II, light (47°)": (66.0, 8.0, 15.0),
    "III, intermediate (32°)": (60.5, 9.0, 16.5),
    "IV, tan (16°)": (55.0, 10.0, 18.0),
    "V, brown (−19°)": (44.0, 10.5, 17.0),
    "VI, dark (−55°)": (33.0, 8.5, 12.0),
}
PAIRS: Mapping[str, tuple[overlay.Colour, overlay.Colour]] = {
    "yellow and blue": ((255, 208, 0), (32, 84, 255)),
    "orange and blue": ((255, 127, 14), (31, 90, 220)),
    "red and blue": ((214, 30, 40), (32, 84, 255)),
    "magenta and green": ((208, 28, 139), (40, 160, 30)),
    "orange and purple": ((240, 120, 0), (94, 40, 180)),
    "yellow and violet": ((255, 208, 0), (120, 40, 220)),
}
# Machado, Oliveira, Fernandes 2009, doi:10.1109/TVCG.2009.113, severity 1, on linear RGB.
EYES = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
Image = NDArray[np.uint8]
Values = NDArray[np.float64]


def toned(image: Image, tone: tuple[float, float, float]) -> Image:
    """An image (h, w, 3) RGB whose corners have a tone, in the median."""
    lab, quarter = rgb2lab(image), SIDE // 6
    ends = np.r_[0:quarter, SIDE - quarter : SIDE]
    skin = np.median(lab[np.ix_(ends, ends)].reshape(-1, 3), axis=0)
    lab += np.asarray(tone) - skin
    lab[..., 0] = np.clip(lab[..., 0], 0, 100)
    return np.asarray(np.rint(255 * np.clip(lab2rgb(lab), 0, 1)), np.uint8)


def laid(image: Image, hue: overlay.Colour, opacity: float) -> Image:
    """A constant map over an image, as `overlay.blend` lays it, in any hue."""
    under = image.astype(np.float64)
    return np.asarray(np.rint(under + opacity * (np.asarray(hue) - under)), np.uint8)


def seen(image: Image, eyes: str = "normal") -> Values:
    """CIELAB (pixels, 3) as these eyes see an image."""
    if eyes == "normal":
        return np.asarray(rgb2lab(image).reshape(-1, 3))
    small = image.reshape(-1, 1, 3) / 255
    linear = np.where(small <= 0.04045, small / 12.92, ((small + 0.055) / 1.055) ** 2.4)
    mixed = np.clip(linear @ EYES[eyes].T, 0, 1)
    back = np.where(mixed <= 0.0031308, 12.92 * mixed, 1.055 * mixed ** (1 / 2.4) - 0.055)
    return np.asarray(rgb2lab(back).reshape(-1, 3))


def differences(
    image: Image, hues: tuple[overlay.Colour, overlay.Colour], opacity: float
) -> dict[str, Values]:
    """Of each pixel of an image, by what is told."""
    drawn, bare = [laid(image, hue, opacity) for hue in hues], seen(image)
    colours = bare[:: max(1, len(bare) // 150)]
    changes, nearest = [], []
    for each in drawn:
        over = seen(each)
        changes.append(deltaE_ciede2000(over, bare))
        picked = over[::7]
        nearest.append(deltaE_ciede2000(picked[:, None], colours[None]).min(axis=1))
    between = [deltaE_ciede2000(*(seen(each, eyes) for each in drawn)) for eyes in EYES]
    return {
        "change": np.concatenate(changes),
        "apart": np.concatenate(nearest),
        "sides": np.min(between, axis=0),
    }


def measured(
    images: list[Image], hues: tuple[overlay.Colour, overlay.Colour], opacity: float
) -> dict[str, float]:
    """The percentile of each kind of difference over all pixels."""
    found = [differences(each, hues, opacity) for each in images]
    return {
        kind: float(np.percentile(np.concatenate([each[kind] for each in found]), FEWEST))
        for kind in found[0]
    }


def pictures(folder: Path, most: int) -> Iterator[Image]:
    """Images of a dataset, evenly from its table, small."""
    dataset = load_dataset(folder)
    for place in np.linspace(0, len(dataset) - 1, most).astype(int):
        yield resize(dataset.image(str(dataset.samples["sample_id"].iloc[place])), (SIDE, SIDE))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--images", type=int, default=24, help="of each dataset")
    parser.add_argument("datasets", nargs="*", type=Path, default=[demo_dataset()])
    parser.add_argument("--strength", type=float, nargs="+", default=[0.5, 0.7])
    asked = parser.parse_args()
    for folder in asked.datasets:
        base = list(pictures(folder, asked.images))
        by_tone = {name: [toned(each, tone) for each in base] for name, tone in TONES.items()}
        print(f"\n{folder.name}, {len(base)} images, {FEWEST}th percentile, lowest of six tones\n")
        print(
            "| Strength | Image | Hues | change, half | change, full | apart, half | apart, full "
            "| sides, half | lowest on |"
        )
        print("|---|---|---|---|---|---|---|---|---|")
        for strength in asked.strength:
            for ground, of in (("colour", lambda each: each), ("grey", overlay.grey)):
                for pair, hues in PAIRS.items():
                    half = {
                        name: measured([of(each) for each in images], hues, strength / 2)
                        for name, images in by_tone.items()
                    }
                    full = {
                        name: measured([of(each) for each in images], hues, strength)
                        for name, images in by_tone.items()
                    }
                    low = min(half, key=lambda name: half[name]["apart"])
                    cells = [
                        f"{min(each[kind] for each in found.values()):.1f}"
                        for kind in ("change", "apart")
                        for found in (half, full)
                    ]
                    sides = min(each["sides"] for each in half.values())
                    print(
                        f"| {strength:.0%} | {ground} | {pair} | {' | '.join(cells)} "
                        f"| {sides:.1f} | {low} |"
                    )


if __name__ == "__main__":
    main()
