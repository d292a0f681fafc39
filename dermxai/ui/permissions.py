"""What visitors may do. In teaching mode they look, and the teacher works at the command line."""

import os

from dermxai.errors import InputError

TEACHING = "DERMXAI_TEACHING"
_NO = {"", "0", "false", "no"}


def teaching() -> bool:
    """Whether this server was started with ``DERMXAI_TEACHING=1``."""
    return os.environ.get(TEACHING, "").strip().lower() not in _NO


def check(action: str) -> None:
    """For everything that a visitor does to others' data or to the machine, where it is done.

    Args:
        action: such as "start jobs".

    Raises:
        InputError: visitors may not do it here.
    """
    if teaching():
        raise InputError(
            f"This server is in teaching mode: visitors cannot {action}. Ask who runs it."
        )
