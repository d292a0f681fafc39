"""What long work says in passing, a line at a time."""

import logging

_PACKAGE = "dermxai"
_FORM = "%(asctime)s  %(message)s"


def log_to_stderr() -> None:
    """Writes what this package logs, from INFO on, to the standard error of this process."""
    log = logging.getLogger(_PACKAGE)
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(_FORM, "%Y-%m-%d %H:%M:%S"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)


def logs_to_stderr() -> bool:
    """Whether this process does so."""
    return logging.getLogger(_PACKAGE).isEnabledFor(logging.INFO)
