"""Errors of a machine that is too small for a training: memory and disk, as advice."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from dermxai.core.disk import is_full
from dermxai.core.errors import InputError
from dermxai.training.files import TrainingFiles
from dermxai.training.recipe import TO_SPARE_MEMORY


@contextmanager
def explained(files: TrainingFiles) -> Iterator[None]:
    """Turns a full disk and a full memory into advice."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise _out_of_memory(files) from error
    except Exception as error:
        told = str(error) if isinstance(error, OSError | RuntimeError) else ""
        if "out of memory" in told or "can't allocate memory" in told:
            raise _out_of_memory(files) from error
        if isinstance(error, InputError) or not is_full(error):
            raise
        raise InputError(
            f"The disk that holds {files.root} is full ({error}); what the last completed epoch "
            "left "
            "is kept: free some space and start the training again to go on from there."
        ) from error


def _out_of_memory(files: TrainingFiles) -> InputError:
    kept = f" The last completed epoch is kept in {files.root}." if files.learnt else ""
    return InputError(f"The training needs more memory than there is; {TO_SPARE_MEMORY}.{kept}")
