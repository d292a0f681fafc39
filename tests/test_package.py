"""The wheel, installed beside the other packages and used from another folder, offline."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import dermxai
from benchmarks.visitor import Page, Visitor
from dermxai.core import paths

PATIENCE = 120  # seconds


@dataclass(frozen=True)
class Installed:
    """An environment that has the wheel, and an empty folder elsewhere to use it from."""

    python: Path
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        ours = ("DERMXAI_", "PYTHON", "STREAMLIT_")
        return {name: value for name, value in os.environ.items() if not name.startswith(ours)}

    def command(self, *arguments: str | Path) -> list[str]:
        return [str(self.python.with_name("dermxai")), *map(str, arguments)]

    def run(self, command: list[str]) -> str:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder],
        cwd=paths.PROJECT,
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    root = tmp_path_factory.mktemp("environment")
    venv.create(root, symlinks=True)
    python = root / "bin" / "python"
    (site,) = root.glob("lib/python*/site-packages")
    others = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    (site / "others.pth").write_text("\n".join(others))
    options = ("--no-deps", "--no-index", "--no-compile", "--disable-pip-version-check")
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", *options, wheel],
        check=True,
    )
    return Installed(python, tmp_path_factory.mktemp("elsewhere"))


def test_the_wheel_holds_all_and_nothing_at_the_top_of_site_packages(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    top = {name.partition("/")[0] for name in names}
    assert top == {"dermxai", f"dermxai-{dermxai.__version__}.dist-info"}
    assert wheel.name == f"dermxai-{dermxai.__version__}-py3-none-any.whl"
    kept = [
        *("app.py", ".streamlit/config.toml"),
        *(str(page.relative_to(paths.PROJECT)) for page in paths.PROJECT.glob("pages/*/*.py")),
        *(f"checkpoints/{each.name}/{name}"
          for each in (paths.EMBEDDED_CHECKPOINT, paths.PLAIN_CHECKPOINT)
          for name in ("weights.safetensors", "model.json", "README.md")),
    ]  # fmt: skip
    assert len(kept) > 10 and names.issuperset(f"dermxai/_app/{name}" for name in kept)
    own = (
        "py.typed",
        "ui/components/icon.png",
        "ui/access/files/login.html",
        "report/templates/pair.html",
    )
    assert names.issuperset(f"dermxai/{name}" for name in own)
    assert not [name for name in names if "__pycache__" in name or "/workspace/" in name]


def test_the_command_is_there_and_knows_its_version(installed: Installed) -> None:
    assert "dashboard" in installed.run(installed.command("--help"))
    code = (
        "import dermxai, importlib.metadata as m; print(dermxai.__file__)\n"
        "assert m.version('dermxai') == dermxai.__version__"
    )
    place = Path(installed.run([str(installed.python), "-c", code]).strip())
    assert place.is_relative_to(installed.python.parents[1])


def test_the_demo_checkpoint_explains_an_image_elsewhere(installed: Installed) -> None:
    image = installed.folder / "lesion.png"
    Image.fromarray(np.tile(np.arange(96, dtype=np.uint8)[:, None, None], (1, 80, 3))).save(image)
    told = installed.run(
        installed.command(
            "explain", "atlas-b4-heads", image, "--output", "maps", "--device", "cpu", "--json"
        )
    )
    written = [Path(name) for name in json.loads(told)["written"]]
    (numbers,) = (name for name in written if name.suffix == ".npz")
    assert numbers.is_relative_to(installed.folder / "maps")
    with np.load(numbers, allow_pickle=False) as kept:
        (found,) = (kept[name] for name in kept.files if kept[name].shape[-2:] == (96, 80))
    assert np.ptp(found) > 0


@contextmanager
def served(installed: Installed) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    command = installed.command(
        "dashboard", "--server.port", str(port), "--server.headless", "true"
    )
    server = subprocess.Popen(
        command,
        cwd=installed.folder,
        env=installed.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        end = time.monotonic() + PATIENCE
        while not _healthy(port):
            assert server.poll() is None, server.stderr and server.stderr.read()
            assert time.monotonic() < end
            time.sleep(0.2)
        yield port
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(PATIENCE)
        assert server.stderr
        server.stderr.close()


def _healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://localhost:{port}/_stcore/health") as answer:
            return bool(answer.read() == b"ok")
    except OSError:
        return False


async def _first_page(port: int) -> Page:
    async with Visitor(port) as visitor:
        return await visitor.view("", "")


def test_the_dashboard_shows_its_first_page_of_the_workspace_here(
    installed: Installed, tiny_checkpoint: Path
) -> None:
    labels, images = ["MN", "BCC"] * 2, installed.folder / "workspace" / "datasets" / "lesions"
    for index, label in enumerate(labels):
        image = images / label / f"{index}.png"
        image.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(index).integers(0, 255, (64, 64, 3), np.uint8)
        Image.fromarray(noise).save(image)
    run = installed.run(installed.command("infer", tiny_checkpoint, images, "--device", "cpu"))
    assert Path(run.strip()).parent == installed.folder / "workspace" / "runs"
    with served(installed) as port:
        with ThreadPoolExecutor(1) as pool:  # a browser's loop may run in this thread
            page = pool.submit(asyncio.run, _first_page(port)).result()
        with pytest.raises(OSError):  # as .streamlit/config.toml has it: this computer alone
            socket.create_connection(("127.0.0.2", port), timeout=1)
    assert page.problems == []
    assert page.images >= len(labels) and "Fine-tune" in " ".join(page.buttons)
    inside = installed.python.parents[1]
    assert not list(inside.rglob("workspace"))  # nothing is written into the package
