"""The command line, one file a verb: parses arguments, calls the library, prints.

Whatever a verb needs of the library is imported as it runs, so that ``--help`` waits for nothing.
"""

from dermxai.cli.app import main

__all__ = ["main"]
