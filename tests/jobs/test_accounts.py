"""Two Unix accounts share a workspace: real ones, made for the test."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dermxai.core import paths
from dermxai.jobs import State, cancel, find_job, list_jobs
from dermxai.jobs.files import slot_lock
from dermxai.jobs.records import process, read
from tests.jobs.conftest import DRILLS, Until

ACCOUNTS, GROUP = ("dermxai-test-a", "dermxai-test-b"), "dermxai-test"
FIRST = """
job = submit("drill", {"folder": str(home / "one"), "steps": 100_000})
while not job.progress or job.progress.step < 2:
    time.sleep(0.1)
print(json.dumps({"id": job.id}))
"""
SECOND = """
(other,) = list_jobs()
told = {"state": str(other.state), "account": other.account}
for act in (cancel, resume, delete):
    try:
        act(other)
    except InputError as error:
        told[act.__name__] = str(error)
job = submit("drill", {"folder": str(home / "two"), "steps": 3, "device": "cpu"})
while job.state is State.QUEUED and not job.reason:
    time.sleep(0.1)
told |= {"id": job.id, "waits": job.reason, "mine": job.account}
print(json.dumps(told))
"""
BEGIN = """
import json, os, pathlib, time
from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.jobs import State, cancel, delete, list_jobs, resume, submit
paths.share()
home = paths.home()
"""


def hidden(path: Path) -> Path | None:
    """The outermost folder on the way to a path that other accounts may not pass."""
    ways = [path, *path.parents]
    return next((way for way in reversed(ways) if not way.stat().st_mode & 0o001), None)


@pytest.fixture
def accounts() -> Iterator[None]:
    if os.geteuid() != 0 or not shutil.which("useradd"):
        pytest.skip("only the superuser can make accounts, by useradd")
    subprocess.run(["groupadd", "-f", GROUP], check=True)
    for name in ACCOUNTS:
        subprocess.run(["useradd", "-M", "-N", "-g", GROUP, name], check=False, capture_output=True)
    yield
    for name in ACCOUNTS:
        subprocess.run(["userdel", name], check=False, capture_output=True)
    subprocess.run(["groupdel", GROUP], check=False, capture_output=True)


@pytest.fixture
def shared(accounts: None, monkeypatch: pytest.MonkeyPatch, until: Until) -> Iterator[Path]:
    """A workspace set up as docs/server.md says."""
    with tempfile.TemporaryDirectory(prefix="dermxai-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        home = Path(folder) / "workspace"
        home.mkdir()
        shutil.chown(home, group=GROUP)
        home.chmod(0o2770)
        monkeypatch.setenv("DERMXAI_HOME", str(home))
        before = os.umask(0o022)
        paths.share()
        yield home
        for job in list_jobs():
            cancel(job, grace=0.2)
            until(lambda job=job: not process(read(job.files.submit(1)).get("supervisor")))
        os.umask(before)


def as_account(name: str, script: str, home: Path) -> dict[str, str]:
    """What a script prints that an account runs; where this Python is the superuser's alone, in a
    view of the disk in which it is not."""
    environment = {
        "PATH": os.environ["PATH"],
        "DERMXAI_HOME": str(home),
        "PYTHONPATH": f"{DRILLS}:{paths.PROJECT}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = ["setpriv", f"--reuid={name}", f"--regid={GROUP}", "--clear-groups"]
    command += [sys.executable, "-c", BEGIN + script]
    shut = hidden(Path(sys.base_prefix).resolve()) or hidden(paths.PROJECT)
    if shut is not None:
        kept = Path(sys.base_prefix).resolve()
        opened = (
            f"set -e; mkdir -p {home.parent}/python; mount --bind {kept} {home.parent}/python; "
            f"mount -t tmpfs -o mode=755 none {shut}; mkdir -p {kept}; "
            f'mount --bind {home.parent}/python {kept}; exec "$@"'
        )
        command = ["unshare", "--mount", "bash", "-c", opened, "bash", *command]
    done = subprocess.run(
        command, check=False, env=environment, cwd=paths.PROJECT, capture_output=True, text=True
    )
    if done.returncode and ("mount" in done.stderr or "unshare" in done.stderr):
        pytest.skip(f"this Python cannot be run by other accounts: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_two_accounts_share_a_workspace(shared: Path, until: Until) -> None:
    one, other = ACCOUNTS
    first = find_job(as_account(one, FIRST, shared)["id"])
    told = as_account(other, SECOND, shared)
    assert (told["state"], told["account"], told["mine"]) == ("running", one, other)
    assert "Waiting for its turn" in told["waits"]
    for act in ("cancel", "delete", "resume"):
        assert f"is {one}'s, and you are {other}" in told[act]
    assert first.state is State.RUNNING
    second = find_job(told["id"])
    assert cancel(first, grace=20).state is State.CANCELLED  # the superuser may
    until(lambda: not second.state.live)
    assert second.state is State.SUCCEEDED, (second.reason, second.log)
    assert (first.account, second.account) == ACCOUNTS
    for path in shared.rglob("*"):
        assert path.stat().st_gid == shared.stat().st_gid, path
        assert path.stat().st_mode & 0o060 == 0o060, (path, oct(path.stat().st_mode))


def test_a_lock_of_an_earlier_version_is_told_of_in_a_sentence(shared: Path) -> None:
    """It was its owner's alone."""
    jobs = shared / "jobs"
    jobs.mkdir(mode=0o770)
    shutil.chown(jobs, group=GROUP)
    jobs.chmod(0o2770)
    lock = slot_lock("device")
    lock.touch(mode=0o600)
    script = """
job = submit("drill", {"folder": str(home / "two"), "steps": 3, "device": "cpu"})
while job.state.live:
    time.sleep(0.1)
print(json.dumps({"state": str(job.state), "reason": job.reason}))
"""
    told = as_account(ACCOUNTS[0], script, shared)
    assert told["state"] == "interrupted"
    assert str(lock) in told["reason"]
    assert "docs/server.md" in told["reason"]
    assert read(find_job(list_jobs()[0].id).files.spec)
