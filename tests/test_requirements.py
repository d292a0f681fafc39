"""requirements.txt is the whole lock of what pyproject.toml asks for."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, requires

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from dermxai.core.paths import PROJECT

PROJECT_TABLE = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT_TABLE["optional-dependencies"]


def lines(name: str) -> list[str]:
    text = (PROJECT / name).read_text("utf-8").splitlines()
    return [line for line in text if line.strip() and not line.lstrip().startswith("#")]


def pins(name: str) -> dict[str, Requirement]:
    found = [Requirement(line) for line in lines(name) if not line.startswith("-r ")]
    return {canonicalize_name(each.name): each for each in found}


LOCK = pins("requirements.txt")


def version(pin: Requirement) -> str:
    (only,) = pin.specifier
    assert only.operator == "==", pin
    return only.version


def test_its_head_says_how_it_was_made() -> None:
    head = (PROJECT / "requirements.txt").read_text("utf-8").splitlines()[:2]
    assert "uv pip compile --universal" in head[1] and "pyproject.toml" in head[1]


@pytest.mark.parametrize(
    "asked",
    [*PROJECT_TABLE["dependencies"], *EXTRAS["slurm"], *EXTRAS["pretrained"]],
    ids=lambda asked: asked,
)
def test_each_dependency_is_pinned_within_its_range(asked: str) -> None:
    wanted = Requirement(asked)
    assert wanted.specifier and version(LOCK[canonicalize_name(wanted.name)]) in wanted.specifier


def test_what_the_pinned_packages_need_is_pinned_too() -> None:
    looked = 0
    for name, pin in LOCK.items():
        if pin.marker and not pin.marker.evaluate():
            continue
        try:
            needs = requires(name) or []
        except PackageNotFoundError:
            continue
        looked += 1
        for need in map(Requirement, needs):
            if need.marker and not need.marker.evaluate({"extra": ""}):
                continue
            needed = canonicalize_name(need.name)
            assert needed in LOCK, f"{name} needs {need}"
            assert need.specifier.contains(version(LOCK[needed]), prereleases=True), (name, need)
    assert looked > 80


@pytest.mark.parametrize(
    "name", ["requirements.txt", "requirements-dev.txt", "requirements-login.txt"]
)
def test_locks_agree_and_name_no_index(name: str) -> None:
    text = (PROJECT / name).read_text("utf-8")
    assert "://" not in text and not re.search(r"^\s*--?[a-qs-z]", text, re.MULTILINE)
    for package, pin in pins(name).items():
        assert version(pin) == version(LOCK.get(package, pin))


@pytest.mark.parametrize(
    ("extra", "file"),
    [("dev", "requirements-dev.txt"), ("mlflow", "requirements-dev.txt"),
     ("heic", "requirements-dev.txt"), ("dicom", "requirements-dev.txt"),
     ("hdf5", "requirements-dev.txt"), ("onnx", "requirements-dev.txt"),
     ("openvino", "requirements-dev.txt"),
     ("login", "requirements.txt")],
)  # fmt: skip
def test_each_extra_admits_what_is_tested(extra: str, file: str) -> None:
    known = pins(file)
    for wanted in map(Requirement, EXTRAS[extra]):
        assert version(known[canonicalize_name(wanted.name)]) in wanted.specifier, wanted


def test_the_citation_is_of_this_version() -> None:
    from dermxai import __version__

    assert f"\nversion: {__version__}\n" in (PROJECT / "CITATION.cff").read_text("utf-8")
