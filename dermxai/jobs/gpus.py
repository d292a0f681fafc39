"""The GPUs of this computer that jobs may use."""

import os
import shutil
import subprocess

from dermxai.errors import InputError

PRETENDED = "DERMXAI_GPUS"  # so many GPUs, whatever this computer has
VISIBLE = "CUDA_VISIBLE_DEVICES"
SECONDS = 20.0  # for nvidia-smi to answer


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


def _installed() -> list[str]:
    if not shutil.which("nvidia-smi"):
        return []
    command = ["nvidia-smi", "--query-gpu=uuid", "--format=csv,noheader"]
    try:
        answer = subprocess.run(
            command, capture_output=True, text=True, timeout=SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return answer.stdout.split()
