import io
import os
import struct
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from dermxai.core.errors import InputError
from dermxai.data import image_kinds, images
from dermxai.data.images import MAX_PIXELS, as_image, container, image_shape, read_image, read_mask

Array = NDArray[np.uint8]


def saved(folder: Path, name: str, array: NDArray[np.generic], mode: str | None = None) -> Path:
    image = Image.fromarray(array)
    path = folder / name
    (image.convert(mode) if mode else image).save(path)
    return path


def flat(*colour: int) -> Array:
    return np.full((5, 7, 3), colour, np.uint8)


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp", "webp", "gif", "ppm", "jpg", "jp2"])
def test_colours_and_shape_survive_every_file_format(tmp_path: Path, suffix: str) -> None:
    path = saved(tmp_path, f"a.{suffix}", flat(200, 120, 60))
    image = read_image(path)
    assert image.shape == (5, 7, 3)
    assert image.dtype == np.uint8
    assert np.abs(image.astype(int) - (200, 120, 60)).max() <= 4


@pytest.mark.parametrize("mode", ["L", "1", "P", "LA", "RGBA", "CMYK"])
def test_every_mode_becomes_rgb(tmp_path: Path, mode: str) -> None:
    path = saved(tmp_path, "a.tif" if mode == "CMYK" else "a.png", flat(255, 255, 255), mode)
    np.testing.assert_array_equal(read_image(path), flat(255, 255, 255))


def test_cmyk_jpeg_keeps_its_colour(tmp_path: Path) -> None:
    path = saved(tmp_path, "a.jpg", flat(200, 120, 60), "CMYK")
    assert np.abs(read_image(path).astype(int) - (200, 120, 60)).max() <= 6


@pytest.mark.parametrize(
    "suffix",
    sorted({"jfif", "jpe", "dib", "mpo", "j2k", "avif", "apng", "tga", "sgi", "pcx", "ico"}),
)
def test_rarer_formats_of_pillow_are_read(tmp_path: Path, suffix: str) -> None:
    image = read_image(
        saved(tmp_path, f"a.{suffix}", np.full((16, 16, 3), (200, 120, 60), np.uint8))
    )
    assert image.shape == (16, 16, 3)
    assert np.abs(image.astype(int) - (200, 120, 60)).max() <= 4


def test_a_format_without_a_mark_of_its_own_is_read_by_its_suffix_only(tmp_path: Path) -> None:
    path = saved(tmp_path, "a.tga", flat(200, 120, 60))
    with pytest.raises(InputError, match="not an image"):
        read_image(path.rename(tmp_path / "a.jpg"))


@pytest.mark.parametrize("name", ["a.heic", "really heic.jpg"])
def test_photographs_of_phones_are_read(tmp_path: Path, name: str) -> None:
    heif = pytest.importorskip("pillow_heif")
    left = np.zeros((48, 64, 3), np.uint8)
    left[:, :32] = 200, 120, 60
    heif.from_pillow(Image.fromarray(left)).save(tmp_path / "x.heic", quality=95)
    (tmp_path / "x.heic").rename(tmp_path / name)
    image = read_image(tmp_path / name)
    assert image_shape(tmp_path / name) == image.shape[:2] == (48, 64)
    assert np.abs(image[:, :28].astype(int) - (200, 120, 60)).max() <= 12
    assert image[:, 36:].max() <= 12


def test_a_damaged_photograph_of_a_phone_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200))
    with pytest.raises(InputError, match=r"a\.heic: .*HEIC"):
        read_image(tmp_path / "a.heic")


def without(monkeypatch: pytest.MonkeyPatch, *kinds: str) -> None:
    monkeypatch.setattr(image_kinds, "has_reader", lambda kind: kind not in kinds)
    image_kinds.suffixes.cache_clear()


def test_without_their_extra_such_photographs_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch, "HEIC")
    (tmp_path / "a.jpg").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200))
    with pytest.raises(InputError, match=r'pip install "dermxai\[heic\]"'):
        read_image(tmp_path / "a.jpg")


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp", "webp"])
def test_what_is_transparent_throughout_keeps_its_colours(tmp_path: Path, suffix: str) -> None:
    rgba = np.dstack([np.arange(36, dtype=np.uint8).reshape(3, 4, 3), np.zeros((3, 4), np.uint8)])
    path = tmp_path / f"a.{suffix}"
    if suffix == "bmp":
        path.write_bytes(bgra(rgba))
    else:
        Image.fromarray(rgba).save(
            path, **({"lossless": True, "exact": True} if suffix == "webp" else {})
        )
    np.testing.assert_array_equal(read_image(path), rgba[..., :3])


def bgra(rgba: Array) -> bytes:
    """A BMP with a mask for alpha, as Photoshop and capture programs write one."""
    height, width = rgba.shape[:2]
    pixels = rgba[::-1, :, [2, 1, 0, 3]].tobytes()
    head = struct.pack("<IiiHHIIiiII", 108, width, height, 1, 32, 3, len(pixels), 0, 0, 0, 0)
    masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000) + b"BGRs" + bytes(48)
    start = 14 + len(head) + len(masks)
    return struct.pack("<2sIHHI", b"BM", start + len(pixels), 0, 0, start) + head + masks + pixels


@pytest.mark.parametrize("mode", ["P", "LA"])
def test_palettes_and_grey_that_are_transparent_throughout_keep_theirs(
    tmp_path: Path, mode: str
) -> None:
    if mode == "P":
        image = Image.new("P", (2, 2), 1)
        image.putpalette([10, 20, 30, 40, 50, 60])
        image.save(tmp_path / "a.png", transparency=1)
        assert read_image(tmp_path / "a.png")[0, 0].tolist() == [40, 50, 60]
    else:
        Image.fromarray(np.full((2, 2, 2), (77, 0), np.uint8), "LA").save(tmp_path / "a.png")
        assert read_image(tmp_path / "a.png")[0, 0].tolist() == [77, 77, 77]


def test_a_single_opaque_pixel_makes_the_rest_transparent(tmp_path: Path) -> None:
    rgba = np.full((1, 3, 4), (9, 9, 9, 0), np.uint8)
    rgba[0, 0, 3] = 255
    assert read_image(saved(tmp_path, "a.png", rgba))[0, :, 0].tolist() == [9, 255, 255]


def test_transparency_lies_over_white(tmp_path: Path) -> None:
    rgba = np.zeros((1, 3, 4), np.uint8)
    rgba[0, :, 3] = 0, 128, 255
    np.testing.assert_allclose(
        read_image(saved(tmp_path, "a.png", rgba))[0, :, 0], [255, 127, 0], atol=1
    )


def test_a_transparent_palette_entry_lies_over_white(tmp_path: Path) -> None:
    image = Image.new("P", (2, 1), 0)
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((1, 0), 1)
    image.save(tmp_path / "a.png", transparency=0)
    assert read_image(tmp_path / "a.png")[0].tolist() == [[255, 255, 255], [40, 50, 60]]


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bit_grey_is_scaled(tmp_path: Path, suffix: str) -> None:
    values = np.array([[0, 128, 129, 257, 32768, 65535]], np.uint16)
    path = saved(tmp_path, f"a.{suffix}", values)
    assert read_image(path)[0, :, 0].tolist() == [0, 0, 1, 1, 128, 255]


def test_sixteen_bit_pgm_is_scaled(tmp_path: Path) -> None:
    values = np.array([0, 257, 32896, 65535], ">u2")
    (tmp_path / "a.pgm").write_bytes(b"P5 4 1 65535\n" + values.tobytes())
    assert read_image(tmp_path / "a.pgm")[0, :, 0].tolist() == [0, 1, 128, 255]


def png(width: int, height: int, colour_type: int, depth: int, rows: bytes) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def test_sixteen_bit_rgb_is_scaled(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(1, 1, 2, 16, b"\0" + struct.pack(">HHH", 65535, 32896, 0)))
    assert read_image(tmp_path / "a.png")[0, 0].tolist() == [255, 128, 0]


def test_sixteen_bit_rgb_tiff_is_scaled(tmp_path: Path) -> None:
    bgr = np.array([[[0, 32896, 65535]]], np.uint16)
    cv2.imwrite(str(tmp_path / "a.tif"), bgr)
    assert read_image(tmp_path / "a.tif")[0, 0].tolist() == [255, 128, 0]


def test_sixteen_bit_alpha_lies_over_white(tmp_path: Path) -> None:
    bgra = np.array([[[0, 0, 65535, 65535], [0, 0, 0, 0]]], np.uint16)
    cv2.imwrite(str(tmp_path / "a.png"), bgra)
    assert read_image(tmp_path / "a.png")[0].tolist() == [[255, 0, 0], [255, 255, 255]]


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_sixteen_bits_in_a_plane_a_channel_are_what_they_are_pixel_by_pixel(
    tmp_path: Path, channels: int, compression: str | None, byteorder: str
) -> None:
    import tifffile

    values = np.random.default_rng(0).integers(0, 65536, (9, 11, channels)).astype(np.uint16)
    values[..., 3:] = 65535
    extra = ["unassalpha"] if channels == 4 else None
    for name, kind in (("planes", "separate"), ("pixels", "contig")):
        held = values.transpose(2, 0, 1) if kind == "separate" else values
        tifffile.imwrite(
            tmp_path / f"{name}.tif", held, photometric="rgb", planarconfig=kind,
            compression=compression, extrasamples=extra, byteorder=byteorder,
        )  # fmt: skip
    planes = read_image(tmp_path / "planes.tif").astype(int)
    assert np.abs(planes - (values[..., :3].astype(int) + 128) // 257).max() <= 1
    assert np.abs(planes - read_image(tmp_path / "pixels.tif")).max() <= 1


@pytest.mark.parametrize("orientation", [1, 6])
def test_planes_of_sixteen_bits_are_turned_upright(tmp_path: Path, orientation: int) -> None:
    import tifffile

    planes = np.arange(3 * 2 * 4, dtype=np.uint16).reshape(3, 2, 4) * 2000
    for name, kind in (("planes", "separate"), ("pixels", "contig")):
        held = planes if kind == "separate" else planes.transpose(1, 2, 0)
        tifffile.imwrite(
            tmp_path / f"{name}.tif", held, photometric="rgb", planarconfig=kind,
            extratags=[(274, 3, 1, orientation, True)],
        )  # fmt: skip
    turned = read_image(tmp_path / "planes.tif")
    assert turned.shape[:2] == image_shape(tmp_path / "planes.tif")
    assert np.abs(turned.astype(int) - read_image(tmp_path / "pixels.tif")).max() <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_undone(tmp_path: Path, orientation: int) -> None:
    upright = np.arange(6 * 4 * 3, dtype=np.uint8).reshape(4, 6, 3)
    inverse = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: np.rot90,
        7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(inverse[orientation](upright)))
    stored.save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), upright)
    assert image_shape(tmp_path / "a.png") == (4, 6)


@pytest.mark.parametrize("orientation", range(1, 10))  # there is no ninth
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
def test_the_shape_of_a_turned_image_is_that_which_is_read(
    tmp_path: Path, suffix: str, orientation: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(flat(1, 2, 3)).save(tmp_path / f"a.{suffix}", exif=exif)
    shape = image_shape(tmp_path / f"a.{suffix}")
    assert shape == read_image(tmp_path / f"a.{suffix}").shape[:2]
    assert shape == ((7, 5) if 5 <= orientation <= 8 else (5, 7))


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_damaged_exif_does_not_matter(tmp_path: Path) -> None:
    Image.fromarray(flat(1, 2, 3)).save(tmp_path / "a.png", exif=b"Exif\0\0MM\0*garbage")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), flat(1, 2, 3))


def test_a_jpeg_reads_as_pillow_decodes_it(tmp_path: Path, photograph: Array) -> None:
    path = saved(tmp_path, "a.jpg", photograph)
    np.testing.assert_array_equal(read_image(path), np.asarray(Image.open(path)))


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp", "gif"])
def test_a_truncated_file_is_named(tmp_path: Path, photograph: Array, suffix: str) -> None:
    path = saved(tmp_path, f"half.{suffix}", photograph)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match=rf"half\.{suffix}"):
        read_image(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "an empty file"),
        (b"hello", "not an image"),
        (bytes(3000), "nothing but zero bytes"),
        (b"\xff\xd8\xff", "the beginning of a JPEG file, damaged or truncated"),
        (b"GIF89a", "the beginning of a GIF file"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
            "a Git LFS pointer",
        ),
        (b"/annex/objects/MD5E-s9--0.jpg\n", "a git-annex pointer"),
        (b"\n <!DOCTYPE html><html><title>403</title>", "a web page"),
        ("\ufeff<html><body>".encode("utf-16-le"), "a web page"),
        (b"\xef\xbb\xbf<HTML lang=de>", "a web page"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied', "XML"),
        (b'<?xml version="1.0"?>\n<svg xmlns="x">', "a drawing"),
        (b'{"detail": "Not found"}', "JSON"),
        (b"%PDF-1.7 ", "a PDF"),
        (b"PK\3\4 and more", "a zip archive"),
        (b"\0\0\0\x20ftypqt  ", "a video"),
    ],
)
def test_a_file_that_is_no_image_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "x.jpg").write_bytes(content)
    with pytest.raises(InputError, match=said):
        read_image(tmp_path / "x.jpg")


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.jpg.*missing"):
        read_image(tmp_path / "gone.jpg")
    with pytest.raises(InputError, match=tmp_path.name):
        read_image(tmp_path)


def test_postscript_is_never_run(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    with pytest.raises(InputError, match="not an image"):
        read_image(tmp_path / "a.jpg")


@pytest.mark.parametrize("side", [14_000, 30_000])
def test_a_decompression_bomb_is_refused_before_decoding(tmp_path: Path, side: int) -> None:
    assert side * side > MAX_PIXELS
    (tmp_path / "bomb.png").write_bytes(png(side, side, 2, 8, b""))
    with pytest.raises(InputError, match=r"bomb\.png.*pixels"):
        read_image(tmp_path / "bomb.png")


def test_thirty_two_bit_images_are_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, "a.tif", np.ones((2, 2), np.float32))
    with pytest.raises(InputError, match="32 bits"):
        read_image(path)


def test_threads_read_what_one_reads(tmp_path: Path, photograph: Array) -> None:
    paths = [saved(tmp_path, f"{k}.jpg", np.roll(photograph, k, axis=1)) for k in range(12)]
    alone = [read_image(path) for path in paths]
    with ThreadPoolExecutor(6) as pool:
        for one, other in zip(alone, pool.map(read_image, paths), strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", ["two words.png", "痤疮 图.png", "<b>x</b>.png", "a#b.png"])
def test_unusual_names_are_only_names(tmp_path: Path, name: str) -> None:
    name = name.replace("/", "\u2215")
    assert read_image(saved(tmp_path, name, flat(1, 2, 3))).shape == (5, 7, 3)


@pytest.mark.parametrize("high", [1, 255])
def test_masks_of_0_1_and_0_255_read_alike(tmp_path: Path, high: int) -> None:
    grey = np.array([[0, high], [high, 0]], np.uint8)
    mask = read_mask(saved(tmp_path, "m.png", grey))
    assert mask.tolist() == [[False, True], [True, False]]


CORNER = np.array([[True, False, False], [False, False, False]])


@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        ((255, 255, 255, 255), (0, 0, 0, 0)),
        ((255, 255, 255, 255), (255, 255, 255, 0)),
        ((255, 255, 255, 255), (0, 0, 0, 255)),
        ((200, 0, 0, 128), (200, 0, 0, 0)),
        ((0, 0, 0, 255), (0, 0, 0, 0)),
        ((0, 0, 0, 255), (255, 255, 255, 0)),
        ((1, 1, 1, 255), (0, 0, 0, 0)),
    ],
)
def test_what_is_transparent_is_outside_a_mask(
    tmp_path: Path, inside: tuple[int, ...], outside: tuple[int, ...]
) -> None:
    pixels = np.where(CORNER[..., None], inside, outside).astype(np.uint8)
    np.testing.assert_array_equal(read_mask(saved(tmp_path, "m.png", pixels)), CORNER)


@pytest.mark.parametrize("opacity", [0, 255])
def test_a_black_mask_of_one_opacity_is_empty(tmp_path: Path, opacity: int) -> None:
    pixels = np.zeros((3, 3, 4), np.uint8)
    pixels[..., 3] = opacity
    assert not read_mask(saved(tmp_path, "m.png", pixels)).any()


def test_a_mask_of_a_palette_may_be_transparent(tmp_path: Path) -> None:
    image = Image.fromarray(CORNER.astype(np.uint8)).convert("P")
    image.putpalette([255, 255, 255, 255, 255, 255])
    image.save(tmp_path / "m.png", transparency=0)
    np.testing.assert_array_equal(read_mask(tmp_path / "m.png"), CORNER)


def test_a_mask_is_turned_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 3
    Image.fromarray(np.rot90(CORNER, 2)).save(tmp_path / "m.png", exif=exif)
    np.testing.assert_array_equal(read_mask(tmp_path / "m.png"), CORNER)


def test_a_mask_that_is_transparent_throughout_is_its_colours_where_there_are_two(
    tmp_path: Path,
) -> None:
    pixels = np.where(CORNER[..., None], (255, 255, 255, 0), (0, 0, 0, 0)).astype(np.uint8)
    np.testing.assert_array_equal(read_mask(saved(tmp_path, "m.png", pixels)), CORNER)
    pixels[...] = 255, 255, 255, 0
    assert not read_mask(saved(tmp_path, "m.png", pixels)).any()


def test_an_empty_mask_is_empty(tmp_path: Path) -> None:
    assert not read_mask(saved(tmp_path, "m.png", np.zeros((3, 3), np.uint8))).any()


@pytest.mark.parametrize("colour", [True, False])
@pytest.mark.parametrize("compressed", [True, False])
def test_an_image_in_an_archive(tmp_path: Path, colour: bool, compressed: bool) -> None:
    shape = (4, 28, 28, 3) if colour else (4, 28, 28)
    arrays = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    (np.savez_compressed if compressed else np.savez)(tmp_path / "a.npz", train_images=arrays)
    path = f"{tmp_path / 'a.npz'}#train/2"
    expected = arrays[2] if colour else np.stack([arrays[2]] * 3, axis=2)
    np.testing.assert_array_equal(read_image(path), expected)
    assert image_shape(path) == (28, 28)
    assert container(path) == str(tmp_path / "a.npz")
    with pytest.raises(InputError, match="4 images"):
        read_image(f"{tmp_path / 'a.npz'}#train/4")
    with pytest.raises(InputError, match="test_images"):
        read_image(f"{tmp_path / 'a.npz'}#test/0")
    with pytest.raises(InputError, match="missing"):
        read_image(f"{tmp_path / 'b.npz'}#train/0")


def test_an_archive_that_changed_is_read_anew_and_kept_once(
    tmp_path: Path, workspace: Path
) -> None:
    for value in (1, 2):
        images = np.full((value, 2, 2), value, np.uint8)
        np.savez(tmp_path / "a.npz", test_images=images, val_images=images)
        for split in ("test", "val"):
            assert read_image(f"{tmp_path / 'a.npz'}#{split}/0").max() == value
    assert len(list(workspace.rglob("*.npy"))) == 2


def test_what_pillow_reads_from_memory_is_what_is_read(tmp_path: Path, photograph: Array) -> None:
    buffer = io.BytesIO()
    Image.fromarray(photograph).save(buffer, "PNG")
    (tmp_path / "wrong suffix.jpg").write_bytes(buffer.getvalue())
    np.testing.assert_array_equal(read_image(tmp_path / "wrong suffix.jpg"), photograph)


def bomb(kind: str) -> bytes:
    """A few bytes whose header says 16383×10900, or 13000×13000, pixels."""
    if kind == "webp":
        sides = struct.pack("<I", 16382 | 10899 << 14)
        body = b"WEBPVP8L" + struct.pack("<I", 14) + b"\x2f" + sides + bytes(9)
        return b"RIFF" + struct.pack("<I", len(body)) + body
    head = struct.pack(">IIBBBBB", 13000, 13000, 8, 6, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + head + struct.pack(">I", zlib.crc32(b"IHDR" + head))
    end = struct.pack(">I", zlib.crc32(b"IDAT"))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 0) + b"IDAT" + end


@pytest.mark.parametrize("kind", ["webp", "png"])
def test_what_a_visitor_sends_is_refused_by_its_header(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image.Image, "load", lambda _: pytest.fail("it was decoded"))
    with pytest.raises(InputError, match="more than 40 million pixels, refused before decoding"):
        images.decode(bomb(kind), "a.png")


def test_what_visitors_send_and_large_images_are_decoded_one_at_a_time(
    tmp_path: Path, photograph: Array, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "LARGE", photograph.shape[0] * photograph.shape[1] - 1)
    Image.fromarray(photograph).save(tmp_path / "a.png")
    content, together, most = (tmp_path / "a.png").read_bytes(), [], []
    load = PngImageFile.load

    def watched(image: PngImageFile) -> object:
        together.append(image)
        most.append(len(together))
        time.sleep(0.01)
        together.pop()
        return load(image)

    monkeypatch.setattr(PngImageFile, "load", watched)
    with ThreadPoolExecutor(6) as pool:
        tasks = [pool.submit(images.decode, content, "a.png") for _ in range(3)]
        tasks += [pool.submit(read_image, tmp_path / "a.png") for _ in range(3)]
        for task in tasks:
            task.result()
    assert max(most) == 1
    monkeypatch.setattr(images, "LARGE", photograph.size)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(read_image, [tmp_path / "a.png"] * 6))
    assert max(most) > 1


@pytest.mark.parametrize("read", [read_image, read_mask, image_shape])
def test_a_pipe_is_not_waited_for(tmp_path: Path, read: object) -> None:
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(InputError, match=r"a pipe \(FIFO\), not an image"):
        read(tmp_path / "a.png")  # type: ignore[operator]


def test_a_pil_image_is_read_however_its_file_is_called(tmp_path: Path, photograph: Array) -> None:
    file = tmp_path / "a.png"
    Image.fromarray(photograph).save(file)
    nameless = Image.open(file)
    nameless.filename = None
    for image in (Image.open(bytes(file)), nameless):
        np.testing.assert_array_equal(as_image(image), photograph)
