"""The network is made ready before the first click that needs it.

The first page does without torch, which takes seconds to load, as the model does after it. Both
are loaded in the background once the first page stands, never before: while it is drawn, server
and browser may share two cores. Then one forward pass is taken, in the thread that will take the
visitors' (a network's first one records its graph).
"""

import logging
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from time import sleep

from dermxai.core.errors import InputError
from dermxai.ui.app.collector import COLLECTOR
from dermxai.ui.app.lanes import NICENESS
from dermxai.ui.session import subject
from dermxai.ui.session.caches import stored_runs

SETTING = "DERMXAI_WARM_UP"
OFF = "off"
QUIET = 3.0  # seconds without a script: the browser has drawn the page
TICK = 0.25  # seconds
log = logging.getLogger(__name__)


class Warming:
    """Waits for the first page and for a quiet moment, then does its work, once."""

    def __init__(
        self,
        work: Callable[[str], None],
        quiet: Callable[[], float],
        wait: Callable[[float], None] = sleep,
    ) -> None:
        """
        Args:
            work: is called with the id of the run that the first page is about.
            quiet: seconds for which no script has run.
        """
        self._work, self._quiet, self._wait = work, quiet, wait
        self._run = ""
        self._stands = threading.Event()

    def stands(self, run: str | None) -> None:
        """A page about a run stands; the first one counts."""
        if run and not self._stands.is_set():
            self._run = run
            self._stands.set()

    def run(self) -> None:
        """For a thread of its own."""
        self._stands.wait()
        while self._quiet() < QUIET:
            self._wait(TICK)
        try:
            self._work(self._run)
        except InputError as error:  # the page that needs the network says so
            log.info("The network was not made ready: %s", error)
        except Exception:
            log.exception("The network was not made ready.")


def warm(run_id: str) -> None:
    """Loads what the first look at an image takes.

    Raises:
        InputError: the run or its checkpoint cannot be opened.
    """
    with suppress(OSError, AttributeError):  # a kernel that has no priorities of threads
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
    import_module("dermxai.ui.pages.image.image")
    opened = stored_runs.run(run_id)
    if not opened.imported:
        subject.warm(opened)


WARMING = Warming(warm, COLLECTOR.quiet)


def start() -> None:
    """For as long as the process lives; nothing where it is switched off."""
    if os.environ.get(SETTING, "").strip().lower() != OFF:
        threading.Thread(target=WARMING.run, name="warming", daemon=True).start()
