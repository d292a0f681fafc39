"""The Unix accounts that share a workspace: whose a job is, and who may end it.

Whoever submits owns the job's folder; the file system says so, and no file that could be edited.
"""

import os
import pwd
from pathlib import Path

from dermxai.core import paths


def account_of(path: Path) -> str:
    """The account that owns a file or folder; "" where it cannot be told."""
    try:
        return _name(path.stat().st_uid)
    except OSError:
        return ""


def own_account() -> str:
    """That of this process."""
    return _name(os.geteuid())


def administers() -> bool:
    """Whether this account may end and delete the jobs of others: the superuser's, and the one that
    owns the workspace's folder."""
    try:
        return os.geteuid() in (0, paths.home().stat().st_uid)
    except OSError:
        return os.geteuid() == 0


def _name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:  # of another computer, or gone
        return str(number)
