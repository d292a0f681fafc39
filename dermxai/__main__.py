"""``python -m dermxai``: the command line."""

import sys

from dermxai.cli import main

if __name__ == "__main__":
    sys.exit(main())
