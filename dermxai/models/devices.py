"""The device that a person has named, or the best one here."""

import torch

from dermxai.core.errors import InputError


def usable_device(name: str | None) -> torch.device:
    """The device of that name, else a GPU where there is one.

    Raises:
        InputError: it does not exist, does not answer, or gives no values back (meta).
    """
    try:
        device = torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"The device {name!r} cannot be used ({reason}); try cpu.") from error
    return device
