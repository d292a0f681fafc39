"""Colour profiles (ICC) of images: their values as sRGB, which networks and screens take them for.

Phones store photographs in Display P3, cameras in Adobe RGB; taken for sRGB, skin is paler.
"""

from functools import lru_cache
from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

MOST_BYTES = 16_000_000
"""Of a profile; those of presses have three million."""
ALIKE = 2
"""By which values of a profile may differ from sRGB, of 255, and still are taken as they are."""
_SPACES = {"RGB": "RGB ", "RGBA": "RGB ", "CMYK": "CMYK", "L": "GRAY"}


def in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The image in sRGB, its transparency kept. One whose profile is sRGB, is damaged, or is of
    another kind than its pixels, stays as it is.

    Args:
        image: decoded.
        profile: as the file embeds it.
    """
    if not profile or not isinstance(profile, bytes) or len(profile) > MOST_BYTES:
        return image
    if image.mode in {"P", "PA"}:
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    if image.mode not in _SPACES:
        return image
    transform = _transform(profile, image.mode)
    if transform is None:
        return image
    converted = transform.apply(image)
    for key, value in image.info.items():
        converted.info.setdefault(key, value)
    return converted


@lru_cache(maxsize=32)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """To sRGB; None where nothing is to be done, or nothing can be."""
    try:
        opened = ImageCms.ImageCmsProfile(BytesIO(profile))
        if opened.profile.xcolor_space != _SPACES[mode]:
            return None
        made = ImageCms.buildTransform(
            opened,
            ImageCms.createProfile("sRGB"),
            mode,
            "RGBA" if mode == "RGBA" else "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        return None if mode != "CMYK" and _is_srgb(made, mode) else made
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return None


def _is_srgb(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Whether it changes nothing that can be seen, on a lattice of all colours."""
    steps = np.linspace(0, 255, 9).astype(np.uint8)
    channels = 1 if mode == "L" else 3
    lattice = np.stack(np.meshgrid(*[steps] * channels), axis=-1).reshape(1, -1, channels)
    image = Image.fromarray(lattice[..., 0] if mode == "L" else lattice).convert(mode)
    seen = np.asarray(transform.apply(image))[..., :3]
    return bool(np.abs(seen.astype(int) - lattice).max() <= ALIKE)
