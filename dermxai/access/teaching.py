"""Teaching mode: visitors look and upload without a login, and start, cancel and delete nothing."""

import os

TEACHING = "DERMXAI_TEACHING"
_NO = {"", "0", "false", "no"}


def teaching() -> bool:
    """Whether this server was started with ``DERMXAI_TEACHING=1``."""
    return os.environ.get(TEACHING, "").strip().lower() not in _NO
