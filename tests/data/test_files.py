import os
from pathlib import Path

import pytest

from dermxai.data.files import last_change, scan


def touched(root: Path, *names: str, content: str = "") -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def test_images_are_found_in_all_folders_in_order(tmp_path: Path) -> None:
    touched(tmp_path, "b.JPG", "a/z.png", "a/b/y.tiff", "notes.txt", ".hidden/x.jpg", "a/._z.png")
    found = [path.relative_to(tmp_path).as_posix() for path in scan(tmp_path).images]
    assert found == ["a/b/y.tiff", "a/z.png", "b.JPG"]


def test_masks_belong_to_images(tmp_path: Path) -> None:
    touched(tmp_path, "images/a.jpg", "images/b.jpg", "images/c.jpg", "images/d.jpg")
    touched(tmp_path, "masks/a.png", "x/b_segmentation.png", "images/c_mask.png")
    files = scan(tmp_path)
    found = [files.mask(image) for image in files.images]
    names = [mask.name if mask else None for mask in found]
    assert names == ["a.png", "b_segmentation.png", "c_mask.png", None]
    assert len(files.images) == 4


def test_a_folder_of_masks_opened_itself_holds_images(tmp_path: Path) -> None:
    touched(tmp_path / "masks", "a.png")
    assert len(scan(tmp_path / "masks").images) == 1


@pytest.mark.parametrize("name", ["a", "a.jpg"])
def test_an_image_is_found_with_or_without_suffix(tmp_path: Path, name: str) -> None:
    touched(tmp_path, "deep/er/a.jpg", "deep/b.jpg")
    assert scan(tmp_path).find(name) == tmp_path / "deep/er/a.jpg"
    assert scan(tmp_path).find("c") is None


def test_copies_count_as_one_and_different_files_as_none(tmp_path: Path) -> None:
    touched(tmp_path, "part_1/a.jpg", "PART_1/a.jpg", content="same")
    assert scan(tmp_path).find("a") == tmp_path / "PART_1/a.jpg"
    touched(tmp_path, "thumbnails/a.jpg", content="other")
    assert scan(tmp_path).find("a") is None


def test_a_name_in_another_case_is_found_where_only_one_file_bears_it(tmp_path: Path) -> None:
    touched(tmp_path, "IMG_0.JPG", "x/img_1.jpg", "x/IMG_1.jpg")
    files = scan(tmp_path)
    for name in ("IMG_0.jpg", "img_0", "img_0.JPG"):
        assert files.find(name) == tmp_path / "IMG_0.JPG"
    assert files.find("img_1.jpg") == tmp_path / "x/img_1.jpg"
    assert files.find("Img_1.jpg") is None
    assert files.has_any(["y/img_0.jpg"])


def test_a_name_in_an_old_encoding_is_listed(tmp_path: Path) -> None:
    name = os.fsdecode("痤疮.jpg".encode("gbk"))
    touched(tmp_path, "a.jpg", name)
    files = scan(tmp_path)
    assert [path.name for path in files.images] == ["a.jpg"]
    assert [problem.item for problem in files.problems] == [repr(name)]


def test_a_folder_that_is_gone_is_listed(tmp_path: Path) -> None:
    assert "cannot be opened" in scan(tmp_path / "none").problems[0].reason


def test_links_are_followed_and_circles_end(tmp_path: Path) -> None:
    touched(tmp_path / "elsewhere", "a.jpg")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/images").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere/circle").symlink_to(tmp_path / "data")
    assert len(scan(tmp_path / "data").images) == 1


def test_links_that_lead_nowhere_are_listed(tmp_path: Path) -> None:
    touched(tmp_path, "LP/a.jpg")
    (tmp_path / "LP/itself").symlink_to("itself")
    for name in ("x/gone.jpg", "y/gone.jpg"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).symlink_to("nowhere")
    files = scan(tmp_path)
    assert files.find("a") == tmp_path / "LP/a.jpg"
    assert files.find("gone") == tmp_path / "x/gone.jpg"
    assert [problem.item for problem in files.problems] == [str(tmp_path / "LP/itself")]


def test_where_images_share_a_name_the_mask_is_that_of_the_same_place(tmp_path: Path) -> None:
    touched(tmp_path, "LP/1.jpg", "LP/1_mask.png", "Pso/1.jpg", "Pso/masks/1.png", content="a")
    touched(tmp_path, "AV/1.jpg", content="another")
    files = scan(tmp_path)
    found = [files.mask(tmp_path / name / "1.jpg") for name in ("LP", "Pso", "AV")]
    assert found == [tmp_path / "LP/1_mask.png", tmp_path / "Pso/masks/1.png", None]


def test_masks_in_a_tree_of_their_own(tmp_path: Path) -> None:
    touched(tmp_path, "images/LP/1.jpg", "images/AV/1.jpg", "masks/LP/1.png", "masks/AV/1.png")
    files = scan(tmp_path)
    assert len(files.images) == 2
    for name in ("LP", "AV"):
        assert (
            files.mask(tmp_path / "images" / name / "1.jpg") == tmp_path / "masks" / name / "1.png"
        )


def test_masks_without_their_image_are_named(tmp_path: Path) -> None:
    touched(tmp_path, "a.jpg", "a_mask.png", "face_mask.jpg")
    assert scan(tmp_path).without_image() == [tmp_path / "face_mask.jpg"]


def test_a_dataset_has_changed_when_a_table_or_folder_has(tmp_path: Path) -> None:
    touched(tmp_path, "LP/p7/a.jpg", "t.csv")
    for path in (tmp_path, tmp_path / "LP", tmp_path / "LP/p7", tmp_path / "t.csv"):
        os.utime(path, ns=(0, 10))
    before = last_change(tmp_path)
    os.utime(tmp_path / "LP/p7/a.jpg", ns=(0, 20))
    assert last_change(tmp_path) == before
    for name in ("LP/p7", "t.csv"):
        os.utime(tmp_path / name, ns=(0, before + 1))
        assert last_change(tmp_path) > before
        os.utime(tmp_path / name, ns=(0, 10))


def test_a_link_to_a_table_that_is_gone_hides_no_change(tmp_path: Path) -> None:
    touched(tmp_path, "LP/a.jpg")
    (tmp_path / "LP/old.csv").symlink_to("nowhere")
    os.utime(tmp_path / "LP", ns=(0, 2**62))
    assert last_change(tmp_path) == 2**62
