"""`import dermxai`: the public names, lazily; their examples run."""

import doctest
import inspect
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import dermxai
from dermxai.core import paths
from dermxai.explain.counterfactual.search import (
    CounterfactualSettings,
    Donor,
    find_counterfactual,
)
from dermxai.explain.robustness.evaluate import robustness

NAMES = [
    *("load_dataset", "load_classifier", "infer", "open_run", "evaluate"),
    *("explain", "diagnose", "project", "train", "report"),
]
HEAVY = ("torch", "pandas", "streamlit", "numpy", "timm", "plotly", "PIL", "scipy", "typer")


def python(code: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=paths.PROJECT)


def function(name: str) -> Callable[..., Any]:
    """What a public name runs, where it is a package, too."""
    found: Any = getattr(dermxai, name)
    return getattr(found, name) if inspect.ismodule(found) else found


@pytest.fixture
def files(
    tmp_path: Path,
    tiny_checkpoint: Path,
    photograph: NDArray[np.uint8],
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """The folder that the examples are written for, as the current one."""
    (tmp_path / "checkpoint").symlink_to(tiny_checkpoint)
    Image.fromarray(photograph).save(tmp_path / "lesion.png")
    rng = np.random.default_rng(0)
    for index in range(12):
        image = tmp_path / "images" / ("MN", "BCC")[index % 2] / f"{index}.png"
        image.parent.mkdir(parents=True, exist_ok=True)
        noise = rng.integers(-30, 30, photograph.shape)
        Image.fromarray((photograph + noise).clip(0, 255).astype(np.uint8)).save(image)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_public_names_are_these() -> None:
    assert sorted(dermxai.__all__) == sorted([*NAMES, "__version__"])
    assert set(NAMES) <= set(dir(dermxai))
    with pytest.raises(AttributeError, match="no attribute 'predict'"):
        dermxai.predict  # type: ignore[attr-defined]  # noqa: B018


def test_importing_it_imports_nothing_heavy() -> None:
    before = python("import sys; print(*sys.modules)").stdout.split()
    after = python("import dermxai, sys; print(*sys.modules)").stdout.split()
    assert "dermxai" in after and not {*HEAVY} & {*after}
    assert len({*after} - {*before}) < 60


def test_a_name_is_its_function_in_an_interpreter_that_has_imported_nothing() -> None:
    done = python(
        "from dermxai import *\nimport dermxai, inspect, dermxai.explain.attribution.api as api\n"
        f"for name in {NAMES}: inspect.signature(getattr(dermxai, name))\n"
        "assert inspect.signature(explain) == inspect.signature(api.explain)\n"
    )
    assert done.returncode == 0, done.stderr


def test_a_package_is_its_function_where_its_parts_were_imported_before() -> None:
    import dermxai.explain.attribution.api
    import dermxai.report.written

    explain = dermxai.explain.attribution.api.explain
    assert inspect.signature(dermxai.explain) == inspect.signature(explain)
    assert inspect.getdoc(dermxai.explain) == inspect.getdoc(explain)
    assert inspect.signature(dermxai.report) == inspect.signature(dermxai.report.written.report)


@pytest.mark.parametrize("name", NAMES)
def test_a_docstring_tells_errors_and_its_example_runs(name: str, files: Path) -> None:
    described = function(name)
    assert described.__doc__ and "Raises:" in described.__doc__
    (found,) = doctest.DocTestFinder(recurse=False).find(described, name, globs={})
    assert len(found.examples) >= 3
    runner = doctest.DocTestRunner(verbose=False)
    told: list[str] = []
    runner.run(found, out=told.append)
    assert not told, "".join(told)


def test_the_packages_example_runs(files: Path) -> None:
    (found,) = doctest.DocTestFinder(recurse=False).find(dermxai, "dermxai", globs={})
    told: list[str] = []
    doctest.DocTestRunner(verbose=False).run(found, out=told.append)
    assert found.examples and not told, "".join(told)


def test_a_path_a_pil_image_and_an_array_are_one_image(
    files: Path, photograph: NDArray[np.uint8]
) -> None:
    classifier = dermxai.load_classifier("checkpoint")
    sideways = Image.fromarray(np.rot90(photograph))  # upright when turned by 90° clockwise
    exif = Image.Exif()
    exif[0x0112] = 6
    sideways.save("turned.png", exif=exif)
    opaque = Image.fromarray(photograph).convert("RGBA")
    given = [
        *("lesion.png", Path("lesion.png"), Path("turned.png")),
        *(Image.open("lesion.png"), Image.open("turned.png"), opaque),
        photograph,
    ]
    maps = [dermxai.explain(classifier, image, target="MN").map for image in given]
    scores = [dermxai.diagnose(classifier, image).scores for image in given]
    assert maps[0].shape == photograph.shape[:2] and np.ptp(maps[0]) > 0
    for map_, score in zip(maps, scores, strict=True):
        np.testing.assert_array_equal(map_, maps[0])
        np.testing.assert_array_equal(score, scores[0])


def test_searches_and_perturbations_take_any_image_too(
    files: Path, photograph: NDArray[np.uint8]
) -> None:
    classifier = dermxai.load_classifier("checkpoint")
    given = ("lesion.png", Image.open("lesion.png"), photograph)
    into = dermxai.diagnose(classifier, photograph).ranking[1]
    few = CounterfactualSettings(pieces=8, draws=5)
    found = [
        find_counterfactual(classifier, image, into, donor=Donor("it", image), settings=few)
        for image in given
    ]
    margins = [robustness(classifier, image).margin for image in given]
    assert len({each.chosen for each in found}) == 1
    assert len(set(margins)) == 1


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (None, "The image is a NoneType; expected a path"),
        ([[1]], "The image is a list; expected a path"),
        ("absent.png", "absent.png: the file is missing"),
        (Image.new("F", (64, 64)), "32 bits a channel"),
        (Image.new("L", (64, 4)), "at least 8×8"),
        (np.zeros((64, 64), np.uint8), r"expected \(height, width, 3\) RGB of uint8"),
        (np.zeros((64, 64, 3)), r"of float64; expected \(height, width, 3\) RGB of uint8"),
    ],
)
def test_what_is_no_image_is_told_in_a_sentence(image: Any, words: str, files: Path) -> None:
    classifier = dermxai.load_classifier("checkpoint")
    for asked in (dermxai.explain, dermxai.diagnose):
        with pytest.raises(ValueError, match=words) as refused:
            asked(classifier, image)
        assert "\n" not in str(refused.value)


def test_a_pil_image_that_is_too_large_is_not_decoded(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dermxai.data.images.MAX_PIXELS", 1000)
    with Image.open("lesion.png") as image, pytest.raises(ValueError, match="refused before"):
        dermxai.diagnose(dermxai.load_classifier("checkpoint"), image)


def test_the_embedded_checkpoint_is_known_by_its_name(files: Path) -> None:
    assert dermxai.load_classifier("atlas-b4-heads").name == "atlas-b4-heads"


def test_on_windows_it_says_in_a_sentence_what_it_needs() -> None:
    for start in ("import dermxai", "import runpy; runpy.run_module('dermxai')"):
        done = python(f"import sys; sys.platform = 'win32'\n{start}")
        assert done.returncode == 1
        assert "WSL" in done.stderr and done.stderr.count("\n") == 1
