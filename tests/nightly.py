"""What is too slow for every change, see ``.ci/nightly``."""

import os

import pytest

nightly = pytest.mark.skipif(not os.environ.get("DERMXAI_NIGHTLY"), reason="takes long")
