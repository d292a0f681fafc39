"""The GPUs of this computer that jobs may use."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pynvml

from dermxai.core.errors import InputError

PRETENDED = "DERMXAI_GPUS"  # so many GPUs, whatever this computer has
VISIBLE = "CUDA_VISIBLE_DEVICES"
_MEMORY = pynvml.nvmlMemory_v2  # what the driver has reserved for itself is not counted as used


def gpus() -> list[str]:
    """Names by which CUDA knows the GPUs that jobs may use, those in ``CUDA_VISIBLE_DEVICES`` where
    it is set; ``DERMXAI_GPUS=2`` pretends that there are two.

    Raises:
        InputError: ``DERMXAI_GPUS`` is no number.
    """
    pretended = os.environ.get(PRETENDED, "")
    if pretended:
        if not pretended.isdecimal():
            raise InputError(f"{PRETENDED} is {pretended!r}; expected the number of GPUs.")
        return [str(index) for index in range(int(pretended))]
    visible = os.environ.get(VISIBLE)
    if visible is None:
        return _installed()
    asked = list(dict.fromkeys(name.strip() for name in visible.split(",") if name.strip()))
    valid = asked[: asked.index("-1")] if "-1" in asked else asked
    if not all(name.isdecimal() for name in valid):
        return valid
    installed = _installed()  # by their own names, so that two servers mean the same by one
    return [installed[int(name)] for name in valid if int(name) < len(installed)]


def use(names: str) -> tuple[float, int] | None:
    """Percent busy and bytes taken, summed over GPUs, each by its number or UUID, with commas
    between; None where there is no such GPU, or it does not tell, as a part of one (MIG)."""
    try:
        with _nvml():
            devices = [_device(name.strip()) for name in names.split(",")]
            busy = [pynvml.nvmlDeviceGetUtilizationRates(each).gpu for each in devices]
            taken = [pynvml.nvmlDeviceGetMemoryInfo(each, _MEMORY).used for each in devices]
    except pynvml.NVMLError:
        return None
    return float(sum(busy)), int(sum(taken))


def _installed() -> list[str]:
    try:
        with _nvml():
            numbers = range(pynvml.nvmlDeviceGetCount())
            return [pynvml.nvmlDeviceGetUUID(_device(str(each))) for each in numbers]
    except pynvml.NVMLError:  # as where there is no driver
        return []


@contextmanager
def _nvml() -> Iterator[None]:
    pynvml.nvmlInit()
    try:
        yield
    finally:
        pynvml.nvmlShutdown()


def _device(name: str) -> object:
    if name.isdecimal():
        return pynvml.nvmlDeviceGetHandleByIndex(int(name))
    return pynvml.nvmlDeviceGetHandleByUUID(name)
