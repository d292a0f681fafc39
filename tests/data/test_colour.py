import json
import struct
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from dermxai.core.errors import InputError
from dermxai.data.images import as_image, decode, read_image
from dermxai.data.transforms import Preprocessing
from dermxai.models.info import Head, ModelInfo

# Colorants (X, Y, Z) of red, green and blue, adapted to D50.
P3 = ((0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407))
ADOBE = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
WHITE = (0.9642, 1.0, 0.8249)
COLOURS = np.random.default_rng(0).integers(0, 256, (7, 9, 3)).astype(np.uint8)
SKIN = np.full((4, 4, 3), (205, 150, 125), np.uint8)


def xyz(values: tuple[float, ...]) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(65536 * each)) for each in values)


def icc(
    colorants: tuple[tuple[float, ...], ...], gamma: float = 2.2, space: bytes = b"RGB "
) -> bytes:
    """A profile of three colorants and a power, version 2.4 (ICC.1:2001-04)."""
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(256 * gamma)) + b"\0\0"
    name = b"desc\0\0\0\0" + struct.pack(">I", 2) + b"x\0" + bytes(78)
    tags = {b"desc": name, b"wtpt": xyz(WHITE), b"cprt": b"text\0\0\0\0-\0\0\0"}
    for letter, colorant in zip(b"rgb", colorants, strict=True):
        tags[bytes([letter]) + b"XYZ"] = xyz(colorant)
        tags[bytes([letter]) + b"TRC"] = curve
    table, content, at = b"", b"", 128 + 4 + 12 * len(tags)
    for key, value in tags.items():
        padded = value + bytes(-len(value) % 4)
        table += key + struct.pack(">II", at + len(content), len(value))
        content += padded
    body = struct.pack(">I", len(tags)) + table + content
    head = struct.pack(">I4sI4s4s4s", 128 + len(body), b"lcms", 0x02400000, b"mntr", space, b"XYZ ")
    head += bytes(12) + b"acsp" + bytes(28) + xyz(WHITE)[8:]
    return head.ljust(128, b"\0") + body


def expected(
    values: NDArray[np.uint8], colorants: tuple[tuple[float, ...], ...]
) -> NDArray[np.uint8]:
    """In sRGB (IEC 61966-2-1), by its definition: no colour management system."""
    to_xyz = np.array(colorants).T
    srgb = np.array(
        [[3.1339, -1.6169, -0.4906], [-0.9788, 1.9161, 0.0335], [0.0719, -0.229, 1.4052]]
    )
    linear = np.clip((values / 255) ** 2.2 @ to_xyz.T @ srgb.T, 0, 1)
    curved = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(255 * curved).astype(np.uint8)


@pytest.mark.parametrize("colorants", [P3, ADOBE])
@pytest.mark.parametrize("suffix", ["png", "tif", "webp", "jpg"])
def test_a_wide_gamut_is_read_in_srgb(tmp_path: Path, suffix: str, colorants: tuple) -> None:  # type: ignore[type-arg]
    lossless = (
        {"lossless": True} if suffix == "webp" else {"quality": 100} if suffix == "jpg" else {}
    )
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(SKIN).save(path, icc_profile=icc(colorants), **lossless)
    stored, managed = read_image(path), read_image(path, profiles=True)
    assert np.abs(stored.astype(int) - SKIN).max() <= 2
    assert np.abs(managed.astype(int) - expected(SKIN, colorants)).max() <= 3
    assert managed[0, 0, 0] > stored[0, 0, 0] + 5  # redder than it is stored
    np.testing.assert_array_equal(as_image(Image.open(path), profiles=True), managed)
    np.testing.assert_array_equal(decode(path.read_bytes(), path.name, profiles=True), managed)
    np.testing.assert_array_equal(as_image(Image.open(path)), stored)


def test_photographs_of_phones_in_their_own_gamut(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif")
    image = Image.fromarray(np.full((64, 64, 3), SKIN[0, 0], np.uint8))
    image.info["icc_profile"] = icc(P3)
    heif.from_pillow(image).save(tmp_path / "a.heic", quality=100)
    found = read_image(tmp_path / "a.heic", profiles=True)[32, 32].astype(int)
    assert np.abs(found - expected(SKIN, P3)[0, 0]).max() <= 5


def srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize(
    "profile",
    [None, b"", b"text", srgb(), icc(P3)[:200], icc(P3, space=b"CMYK"), icc(P3, space=b"GRAY")],
    ids=["none", "empty", "text", "srgb", "cut", "cmyk", "grey"],
)  # fmt: skip
def test_other_images_stay_as_they_are(tmp_path: Path, profile: bytes | None) -> None:
    Image.fromarray(COLOURS).save(tmp_path / "a.png", icc_profile=profile)
    for profiles in (False, True):
        np.testing.assert_array_equal(read_image(tmp_path / "a.png", profiles=profiles), COLOURS)


def test_transparency_and_palettes_are_kept(tmp_path: Path) -> None:
    rgba = np.dstack([SKIN, np.full((4, 4), 255, np.uint8)])
    rgba[0, 0, 3] = 0
    Image.fromarray(rgba).save(tmp_path / "a.png", icc_profile=icc(P3))
    image = read_image(tmp_path / "a.png", profiles=True)
    assert image[0, 0].tolist() == [255, 255, 255]
    assert np.abs(image[1:].astype(int) - expected(SKIN, P3)[1:]).max() <= 3
    Image.fromarray(SKIN).quantize(4).save(tmp_path / "p.png", icc_profile=icc(P3))
    palette = read_image(tmp_path / "p.png", profiles=True)
    assert np.abs(palette.astype(int) - expected(SKIN, P3)).max() <= 4


def test_threads_read_what_one_reads(tmp_path: Path) -> None:
    for number in range(8):
        rolled = np.roll(COLOURS, number, axis=1)
        Image.fromarray(rolled).save(tmp_path / f"{number}.png", icc_profile=icc(P3))
    files = [tmp_path / f"{number}.png" for number in range(8)] * 4
    with ThreadPoolExecutor(6) as pool:
        for path, found in zip(
            files, pool.map(lambda each: read_image(each, profiles=True), files), strict=True
        ):
            np.testing.assert_array_equal(found, read_image(path, profiles=True))


def test_dicom_holds_profiles_too(tmp_path: Path) -> None:
    pytest.importorskip("pydicom")
    from tests.data.test_dicom import written

    path = written(tmp_path / "a.dcm", SKIN, ICCProfile=icc(P3))
    assert np.abs(read_image(path, profiles=True).astype(int) - expected(SKIN, P3)).max() <= 3
    np.testing.assert_array_equal(read_image(path), SKIN)


def test_the_setting_travels_and_older_checkpoints_stay_what_they_are() -> None:
    old = Preprocessing(224)
    assert repr(old) == (
        "Preprocessing(size=224, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225), "
        "colour_constancy='none')"
    )  # a digest of each checkpoint rests on it
    assert repr(Preprocessing(224, colour_profiles=True)) != repr(old)
    head = (Head("final", 8),)
    info = ModelInfo(
        "efficientnet_b4", head, ("LP", "Pso"), Preprocessing(224, colour_profiles=True), "a"
    )
    assert ModelInfo.from_json(info.to_json(), "a").preprocessing.colour_profiles
    content = json.loads(info.to_json())
    del content["preprocessing"]["colour_profiles"]
    assert not ModelInfo.from_json(json.dumps(content), "a").preprocessing.colour_profiles
    with pytest.raises(InputError, match="expected true or false"):
        Preprocessing(224, colour_profiles=1)  # type: ignore[arg-type]


def test_trainings_have_it_on() -> None:
    from dermxai.training.fit import preprocessing_of
    from dermxai.training.recipe import Recipe

    assert preprocessing_of(Recipe(architecture="resnet18")).colour_profiles
