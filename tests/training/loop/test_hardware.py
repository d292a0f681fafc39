import pytest
import torch

from dermxai.core.errors import InputError
from dermxai.training.loop.hardware import Hardware, hardware_of


@pytest.mark.parametrize(
    ("hardware", "processes", "first"),
    [
        (Hardware("cpu", 2, 3), 6, "cpu"),
        (Hardware("cuda", 4), 4, "cuda:0"),
        (Hardware("cuda", [1], 2), 2, "cuda:1"),
    ],
)
def test_processes_of_all_machines_and_a_device_of_this_one(
    hardware: Hardware, processes: int, first: str
) -> None:
    assert (hardware.processes, hardware.first) == (processes, first)


@pytest.mark.parametrize(
    ("device", "devices", "made"),
    [
        (None, 2, Hardware("cuda", 2)),
        ("cuda", 1, Hardware("cuda", 1)),
        ("cuda:1", 1, Hardware("cuda", [1])),
        ("cpu", 8, Hardware("cpu", 8)),
    ],
)
def test_a_device_is_what_was_asked_for(
    device: str | None, devices: int, made: Hardware, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert hardware_of(device, devices, 1) == made


@pytest.mark.parametrize(
    ("device", "devices"),
    [("gpu", 1), ("cuda:x", 1), ("cpu:0", 1), ("", 3), ("cuda:2", 1), ("cuda", 3)],
)
def test_a_device_that_is_not_there_is_refused(
    device: str, devices: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(InputError, match="here"):
        hardware_of(device, devices, 1)


def test_without_a_gpu_it_is_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert hardware_of(None, 1, 1) == Hardware("cpu")
