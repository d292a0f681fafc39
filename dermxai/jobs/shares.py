"""One job's work in several processes: over the GPUs of a computer, as processes on its
processors, or as an array of a cluster.

``work_on_share`` of a kind does every so many-th piece of what ``work`` would do, and leaves it
where ``work`` finds it. That then does what is missing and joins the rest; so a share that dies
costs time and nothing else.
"""

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping

from dermxai.core import paths
from dermxai.core.settings import Settings
from dermxai.jobs.gpus import VISIBLE
from dermxai.jobs.kinds import Report, find_kind

SHARED = "DERMXAI_SHARED"
"""In the environment of a process whose shares were done by others, as by an array."""
SPREAD = "DERMXAI_SPREAD"
"""In the environment of a process that shares the processors of its computer with the others."""
POLL = 0.2
log = logging.getLogger(__name__)


def spread() -> bool:
    """Whether the other shares of this process's job have the same processors."""
    return SPREAD in os.environ


def together(kind: str, arguments: Settings, of: int, token: str, report: Report) -> None:
    """Does all shares in processes of this computer, each of which sees one GPU of those that this
    process sees; returns when they have ended. One that fails is logged: its pieces are left.

    Args:
        token: of the run of the job, the same for all its shares.
    """
    if of < 2 or os.environ.get(SHARED):
        return
    visible = [name for name in os.environ.get(VISIBLE, "").split(",") if name]
    asked: dict[str, object] = {
        "kind": kind,
        "arguments": arguments.model_dump(exclude={"shares"}),
        "of": of,
        "token": token,
    }
    started = [_Share(asked, index, visible) for index in range(of)]
    try:
        while any(share.process.poll() is None for share in started):
            told = [share.told for share in started]
            known = [each for each in told if each[2]]
            if known:
                report(known[0][0], sum(each[1] for each in told), sum(each[2] for each in told))
            else:
                report("loading", 0, 0)
            time.sleep(POLL)
    finally:
        for share in started:
            share.end()
    if failed := [share.index for share in started if share.process.returncode]:
        log.warning(
            f"{len(failed)} of {of} processes that share the work ended early "
            f"({', '.join(map(str, failed))}); what they left is done now."
        )


class _Share:
    """A process that does a share."""

    def __init__(self, asked: Mapping[str, object], index: int, visible: list[str]) -> None:
        self.index = index
        self.told: tuple[str, int, int] = ("", 0, 0)
        own = {VISIBLE: visible[self.index % len(visible)]} if visible else {SPREAD: "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dermxai", "jobs", "share"],
            cwd=paths.PROJECT,
            env=os.environ | {"DERMXAI_HOME": str(paths.home())} | own,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            close_fds=False,  # the lock of the GPU is held for as long as this process lives
        )
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({**asked, "index": index}))
        self.process.stdin.close()
        threading.Thread(target=self._listen, daemon=True, name=f"share-{self.index}").start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                try:
                    phase, step, total = json.loads(line)
                except ValueError:
                    continue
                self.told = (phase, step, total)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()


def serve() -> None:
    """Does the share that is asked for on standard input, and says on standard output how far it
    is; ends where nobody listens any more."""
    asked = json.loads(sys.stdin.read())
    said = 0.0

    def report(
        phase: str, step: int, total: int, figures: Mapping[str, float] | None = None
    ) -> None:
        del figures  # of one share, they say little
        nonlocal said
        if step == total or time.monotonic() - said >= POLL:
            said = time.monotonic()
            print(json.dumps([phase, step, total]), flush=True)

    report("loading", 0, 0)
    find_kind(asked["kind"]).share(
        report, asked["index"], asked["of"], asked["token"], **asked["arguments"]
    )
