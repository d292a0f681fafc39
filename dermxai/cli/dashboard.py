"""``dermxai dashboard``: starts the server."""

import os
import sys
from typing import NoReturn

import typer

from dermxai.core import paths

OPTIONS = {"allow_extra_args": True, "ignore_unknown_options": True}
"""For the command: what it does not know is Streamlit's."""


def dashboard(context: typer.Context) -> NoReturn:
    """Start the dashboard. Options are those of `streamlit run`, such as --server.port 8502."""
    # -P: what lies in the current folder is data, not modules
    command = [sys.executable, "-P", "-m", "streamlit", "run", str(paths.APP), *context.args]
    sys.stdout.flush()
    os.execv(sys.executable, command)  # signals reach the server itself  # noqa: S606
