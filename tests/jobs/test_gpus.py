"""Which GPUs jobs may use, and how much of them is used."""

from types import SimpleNamespace

import pynvml
import pytest

from dermxai.jobs.gpus import gpus, use

GIB = 2**30


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The management library of a computer with two GPUs: its counts of who has opened it."""
    monkeypatch.delenv("DERMXAI_GPUS", raising=False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    names = ["GPU-a", "GPU-b"]
    state = SimpleNamespace(open=0, opened=0)

    def init() -> None:
        state.open += 1
        state.opened += 1

    def shutdown() -> None:
        state.open -= 1

    def indexed(index: int) -> int:
        if index >= len(names):
            raise pynvml.NVMLError(pynvml.NVML_ERROR_INVALID_ARGUMENT)
        return index

    def named(name: str) -> int:
        if name not in names:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_FOUND)
        return names.index(name)

    def memory(device: int, version: int) -> SimpleNamespace:
        assert version == pynvml.nvmlMemory_v2
        return SimpleNamespace(used=(device + 1) * GIB)

    answers = {
        "Init": init,
        "Shutdown": shutdown,
        "DeviceGetCount": lambda: len(names),
        "DeviceGetHandleByIndex": indexed,
        "DeviceGetHandleByUUID": named,
        "DeviceGetUUID": lambda device: names[device],
        "DeviceGetUtilizationRates": lambda device: SimpleNamespace(gpu=10 + device),
        "DeviceGetMemoryInfo": memory,
    }
    for name, answer in answers.items():
        monkeypatch.setattr(pynvml, f"nvml{name}", answer)
    return state


def test_a_gpu_that_is_named_twice_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DERMXAI_GPUS", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-b, GPU-a,GPU-b")
    assert gpus() == ["GPU-b", "GPU-a"]


def test_those_of_this_computer_go_by_their_own_names(
    driver: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert gpus() == ["GPU-a", "GPU-b"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1,7,-1,0")
    assert gpus() == ["GPU-b"]
    assert driver.opened and not driver.open


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ("GPU-b", (11.0, 2 * GIB)),
        ("0", (10.0, GIB)),
        ("GPU-a, 1", (21.0, 3 * GIB)),
        ("GPU-c", None),
        ("2", None),
        ("GPU-a,", None),
        ("-1", None),
    ],
)
def test_use_is_summed_over_the_gpus_of_a_job(
    driver: SimpleNamespace, names: str, found: tuple[float, int] | None
) -> None:
    assert use(names) == found
    assert driver.opened and not driver.open


@pytest.mark.parametrize("name", ["nvmlDeviceGetUtilizationRates", "nvmlDeviceGetMemoryInfo"])
def test_a_part_of_a_gpu_that_does_not_tell_its_use_has_none(
    driver: SimpleNamespace, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)

    monkeypatch.setattr(pynvml, name, refused)
    assert use("GPU-a") is None
    assert not driver.open


def test_without_a_driver_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)

    monkeypatch.delenv("DERMXAI_GPUS", raising=False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(pynvml, "nvmlInit", missing)
    assert gpus() == []
    assert use("0") is None
