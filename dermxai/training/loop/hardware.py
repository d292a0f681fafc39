"""What a training computes on."""

from dataclasses import dataclass

import torch

from dermxai.core.errors import InputError


@dataclass(frozen=True)
class Hardware:
    """
    Attributes:
        accelerator: "cpu", "cuda" or "mps".
        devices: processes on each machine; or the index of the one GPU.
        nodes: machines.
    """

    accelerator: str
    devices: int | list[int] = 1
    nodes: int = 1

    @property
    def processes(self) -> int:
        """Of all machines."""
        here = self.devices if isinstance(self.devices, int) else len(self.devices)
        return here * self.nodes

    @property
    def first(self) -> str:
        """A device of this machine, as torch calls it."""
        if self.accelerator != "cuda":
            return self.accelerator
        return f"cuda:{self.devices[0] if isinstance(self.devices, list) else 0}"


def hardware_of(device: str | None, devices: int, nodes: int) -> Hardware:
    """
    Args:
        device: "cpu", "cuda", "cuda:1"; None: a GPU where there is one.
        devices: processes on each machine.
        nodes: machines.

    Raises:
        InputError: no such device here.
    """
    gpus = torch.cuda.device_count()
    kind, _, index = (device or ("cuda" if gpus else "cpu")).partition(":")
    absent = kind == "mps" and not torch.backends.mps.is_available()
    wrong = index and (kind != "cuda" or not index.isdigit())
    if kind not in ("cpu", "cuda", "mps") or absent or wrong:
        raise InputError(f"There is no device {device!r} here; expected cpu, cuda or cuda:1.")
    needed = int(index) + 1 if index else devices
    if kind == "cuda" and gpus < needed:
        raise InputError(
            f"{device or 'cuda'} with {devices} processes needs {needed} GPUs; there are {gpus} "
            "here. Ask for fewer, or for device cpu."
        )
    return Hardware(kind, [int(index)] if index else devices, nodes)
