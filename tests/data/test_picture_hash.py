import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.near_duplicates import CHANGES, changed
from dermxai.data.picture_hash import BITS, NEAR, nearest, picture_hashes
from tests.verification import verified

FOUND = [
    *("PNG", "JPEG, quality 75", "half the size", "twice the size", "mirrored"),
    *("three quarters of the height", "turned by 90°", "turned by 180°", "darker by 40 %"),
]


def pictures(count: int) -> list[NDArray[np.uint8]]:
    drawn = []
    for seed in range(count):
        coarse = np.random.default_rng(seed).uniform(30, 220, (9, 12, 3)).astype(np.float32)
        image = cv2.resize(coarse, (160, 120), interpolation=cv2.INTER_CUBIC)
        drawn.append(image.clip(0, 255).astype(np.uint8))
    return drawn


@pytest.fixture(scope="module")
def known() -> NDArray[np.uint8]:
    return np.array([picture_hashes(image)[0] for image in pictures(60)])


@pytest.mark.parametrize("what", FOUND)
def test_a_changed_copy_is_found_and_no_other(known: NDArray[np.uint8], what: str) -> None:
    copies = np.array([picture_hashes(changed(image, CHANGES[what])) for image in pictures(20)])
    match, bits = nearest(copies, known)
    assert match.tolist() == list(range(20)) and bits.max() <= NEAR
    _, away = nearest(copies, known[20:])
    assert away.min() > NEAR


def test_distances_are_those_of_the_library(known: NDArray[np.uint8]) -> None:
    from imagehash import phash
    from PIL import Image

    def asked(image: NDArray[np.uint8]) -> object:
        grey = cv2.cvtColor(
            cv2.resize(image, (64, 64), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY
        )
        return phash(Image.fromarray(grey), hash_size=16, highfreq_factor=4)

    first, second = pictures(2)
    _, bits = nearest(picture_hashes(first)[None], picture_hashes(second)[:1])
    in_positions = [
        asked(np.ascontiguousarray(np.rot90(each, turns))) - asked(second)
        for each in (first, first[:, ::-1])
        for turns in range(4)
    ]
    assert 60 < bits[0] < BITS
    verified(
        "Near-duplicates: bits of the hash that differ",
        "imagehash phash, of OpenCV's own small image; a bit at the median may differ",
        bits[0],
        min(in_positions),
        tolerance=2,
    )


def test_plain_images_and_nothing_known_are_no_match() -> None:
    plain = np.full((50, 70, 3), 180, np.uint8)
    hashed = picture_hashes(plain)
    assert not hashed.any()
    assert nearest(hashed[None], hashed[:1])[1].tolist() == [BITS]
    other = picture_hashes(pictures(1)[0])
    assert nearest(other[None], hashed[:1])[1].tolist() == [BITS]
    assert nearest(other[None], np.empty((0, 32), np.uint8))[1].tolist() == [BITS]
    assert nearest(np.stack([other, hashed]), other[:1])[1].tolist() == [0, BITS]


def test_dermatoscope_frames_make_no_near_duplicates() -> None:
    """Lesions of different shapes and colours in the same round field."""
    rng, side = np.random.default_rng(3), 224
    y, x = np.mgrid[:side, :side]
    field = np.hypot(x - side / 2, y - side / 2) < 0.47 * side

    def seen() -> NDArray[np.uint8]:
        centre, radius = side / 2 + rng.normal(0, 14, 2), rng.uniform(25, 60)
        away = np.hypot((x - centre[0]) * rng.uniform(0.8, 1.2), y - centre[1])
        lesion = 1 / (1 + np.exp((away - radius) / 6))
        skin = rng.uniform([180, 120, 100], [235, 190, 170])
        mixed = skin + lesion[..., None] * (rng.uniform([60, 30, 20], [150, 90, 80]) - skin)
        rough = cv2.GaussianBlur(rng.normal(0, 30, (side, side, 3)), (0, 0), 3)
        return np.where(field[..., None], np.clip(mixed + rough, 0, 255), 0).astype(np.uint8)

    images = [seen() for _ in range(24)]
    hashes = np.array([picture_hashes(image) for image in images])
    for row in range(len(images)):
        _, bits = nearest(hashes[row : row + 1], np.delete(hashes, row, 0)[:, 0])
        assert bits[0] > 1.5 * NEAR
    for change in (
        lambda image: np.rot90(image[:, ::-1]),
        lambda image: cv2.imdecode(cv2.imencode(".jpg", image)[1], cv2.IMREAD_COLOR),
        lambda image: (0.8 * image).astype(np.uint8),
    ):
        changed = [picture_hashes(np.ascontiguousarray(change(i))) for i in images]
        of, bits = nearest(np.array(changed), hashes[:, 0])
        assert of.tolist() == list(range(24)) and bits.max() <= NEAR


def test_an_empty_round_field_tells_nothing() -> None:
    y, x = np.mgrid[:128, :128]
    field = np.hypot(x - 64, y - 64) < 60
    for shade in (250, 180, 90):
        image = np.where(field[..., None], np.uint8(shade), np.uint8(0)).repeat(3, axis=2)
        assert not picture_hashes(image).any()
