import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.near_duplicates import CHANGES, changed
from dermxai.data.picture_hash import BITS, NEAR, nearest, picture_hashes

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
    assert bits[0] == pytest.approx(min(in_positions), abs=2) and 60 < bits[0] < BITS


def test_plain_images_and_nothing_known_are_no_match() -> None:
    plain = np.full((50, 70, 3), 180, np.uint8)
    hashed = picture_hashes(plain)
    assert not hashed.any()
    assert nearest(hashed[None], hashed[:1])[1].tolist() == [BITS]
    other = picture_hashes(pictures(1)[0])
    assert nearest(other[None], hashed[:1])[1].tolist() == [BITS]
    assert nearest(other[None], np.empty((0, 32), np.uint8))[1].tolist() == [BITS]
    assert nearest(np.stack([other, hashed]), other[:1])[1].tolist() == [0, BITS]
