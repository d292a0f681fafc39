import subprocess
import sys
from datetime import datetime

from dermxai.core.logs import logs_to_stderr

TOLD = """
import logging
from dermxai.core.logs import log_to_stderr, logs_to_stderr
log = logging.getLogger("dermxai.jobs.worker")
log.info("unheard")
log_to_stderr()
log.info("heard")
logging.getLogger("another").info("not ours")
assert logs_to_stderr()
"""


def test_what_the_package_says_appears_with_the_time_once_asked_for():
    assert not logs_to_stderr()
    said = subprocess.run(
        [sys.executable, "-c", TOLD], capture_output=True, text=True, check=True
    ).stderr
    (line,) = said.splitlines()
    time, _, words = line.partition("  ")
    assert words == "heard"
    datetime.fromisoformat(time)
