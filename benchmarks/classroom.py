"""A class on one server, over the wire: students who look at pages, each at its own pace.

    python -m benchmarks.classroom [--students N] [--think S] [--seconds S] [--burst N] [--search]
        [--slow N] [--cores N] [--home FOLDER] [--json FILE] [--memory CSV] [--picture PNG]

Starts the dashboard in teaching mode over the demo and holds it, with this load, to two cores. A
student opens a page, another image each time, and thinks for `--think` seconds on average
(exponential) before the next. A page view lasts until the script has ended and every image of the
page was fetched; fragments that rerun by themselves do. Streamlit's own scripts, which browsers
keep, are not fetched. `--burst` students then press within two seconds, five times over; an
image of one's own is uploaded with nobody else there. `--slow` students do nothing but start the
longest work that pages offer. On a miss, `--search` looks for the largest class that holds the
goal.
"""

import argparse
import asyncio
import csv
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import aiohttp
import numpy as np
import psutil

from benchmarks.visitor import Page, Visitor, pressed

PAGES = (
    *("", "performance", "image", "image", "image", "feature_map"),
    *(
        "confusion_analysis",
        "compare_maps",
        "counterfactuals",
        "robustness",
        "nearest_neighbours",
        "faithfulness",
    ),
)
SLOW = {
    "robustness": "Test its robustness",
    "counterfactuals": "Search a counterfactual",
    "compare_maps": "Compute",
}
LIMIT_95, LIMIT, LIMIT_BURST, LIMIT_OWN = 1.0, 5.0, 5.0, 1.5  # seconds
LIMIT_MEMORY = 2000  # MB
WITHIN = 2.0  # seconds, in which a class presses at once
ROUNDS = 5
SEARCHED = 60.0  # seconds of each class that is tried

PREPARE = """
from dermxai import taxonomy
from dermxai.jobs.kinds import find_kind
from dermxai.runs import list_runs, open_run
from dermxai.ui.app import demo
from dermxai.ui.pages.faithfulness import faithfulness

def quietly(*_, **__): pass

if not list_runs():
    find_kind("demo").run(quietly)
run = open_run(list_runs()[0])
find_kind("project").run(quietly, run=str(run.root))
pair = {"first": demo.FIRST, "second": demo.SECOND, "split": "test"}
find_kind("pair").run(quietly, run=str(run.root), **pair)
find_kind("faithfulness").run(quietly, **faithfulness.usual(run, images=14))
find_kind("maps").run(quietly, run=str(run.root))
"""
"""The demo with all that its pages would else only offer, as its first visitor finds it."""


@dataclass
class Seen:
    """What students saw: seconds of each page view, by page; what went wrong."""

    views: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    slow: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    bytes: int = 0
    images: int = 0

    def note(self, name: str, page: Page) -> None:
        self.views[name].append(page.seconds)
        self.problems += [f"{name or 'dataset'}: {problem}" for problem in page.problems]
        self.bytes += page.bytes
        self.images += page.images

    @contextmanager
    def noting(self, who: str) -> Iterator[None]:
        """Who loses the connection, or waits in vain, gives up, which is an error."""
        try:
            yield
        except (OSError, TimeoutError, aiohttp.ClientError) as error:
            self.problems.append(f"{who} gave up: {error!r}")

    @property
    def all(self) -> np.ndarray:
        return np.concatenate([np.empty(0), *map(np.asarray, self.views.values())])

    @property
    def holds(self) -> bool:
        """Whether the goal was reached."""
        times = self.all
        quick = len(times) and np.quantile(times, 0.95) <= LIMIT_95 and times.max() <= LIMIT
        return bool(quick and not self.problems)


@dataclass
class Meter:
    """Memory of the server, and who used the processor."""

    server: psutil.Process
    cores: int
    memory: list[tuple[float, float]] = field(default_factory=list)
    """Seconds and MB."""

    def __post_init__(self) -> None:
        self.began, self.before = time.monotonic(), self._used()

    async def watch(self) -> None:
        while True:
            now = time.monotonic() - self.began
            self.memory.append((now, self.server.memory_info().rss / 2**20))
            await asyncio.sleep(1)

    @property
    def shares(self) -> tuple[float, float, float]:
        """Shares of the cores' time: of the server, of this load, of all else."""
        room = (time.monotonic() - self.began) * self.cores
        ours, load, whole = (b - a for a, b in zip(self.before, self._used(), strict=True))
        return ours / room, load / room, max(0.0, whole - ours - load) / room

    @property
    def server_seconds(self) -> float:
        """Of the processor."""
        return self._used()[0] - self.before[0]

    def _used(self) -> tuple[float, float, float]:
        """Seconds of the processor: of the server, of this process, of everyone."""
        times = psutil.cpu_times()
        whole = times.user + times.nice + times.system + times.irq + times.softirq
        mine = psutil.Process().cpu_times()
        server = self.server.cpu_times()
        return server.user + server.system, mine.user + mine.system, whole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--students", type=int, default=100)
    parser.add_argument("--think", type=float, default=10.0, help="seconds, on average")
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--burst", type=int, default=30)
    parser.add_argument("--slow", type=int, default=0)
    parser.add_argument("--search", action="store_true")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--port", type=int, default=8599)
    parser.add_argument("--pages", default=",".join(PAGES))
    parser.add_argument("--home", type=Path, help="a workspace with the demo; else a new one")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--memory", type=Path, help="the memory curve, as CSV")
    parser.add_argument("--picture", type=Path, help="the same as a picture")
    asked = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: asked.cores])
    with tempfile.TemporaryDirectory() as temporary:
        home = asked.home or Path(temporary)
        os.environ |= {"DERMXAI_HOME": str(home), "DERMXAI_TEACHING": "1"}
        server = _started(asked.port)
        try:
            results = asyncio.run(measure(asked, server))
        finally:
            server.terminate()
            server.wait()
    if asked.json:
        asked.json.write_text(json.dumps(results, indent=1))


async def measure(asked: argparse.Namespace, server: subprocess.Popen[bytes]) -> dict[str, Any]:
    from dermxai.runs import list_runs, open_run

    run = open_run(list_runs()[0])
    ids = run.samples["sample_id"].tolist()
    process, results = psutil.Process(server.pid), dict[str, Any]()
    print(f"{asked.cores} cores, load average before: {os.getloadavg()[0]:.1f}")
    _, last = await _class(asked, run.id, ids, process, students=1, seconds=20.0)  # gets it ready
    own = [await _own(asked.port, run.id, Path(path)) for path in run.samples["path"][:5]]
    print(f"an image of one's own with its maps: {max(own):.2f} s (limit {LIMIT_OWN} s)")
    results["own"] = own
    if asked.students:
        found, meter = await _class(
            asked, run.id, ids, process, students=asked.students, seconds=asked.seconds
        )
        _say(f"{asked.students} students, {asked.think:g} s to think", found, meter)
        results["class"] = {"views": found.views, "problems": found.problems, "slow": found.slow}
        results["memory"], results["shares"] = meter.memory, meter.shares
        _keep(asked, meter)
        last = meter
    if asked.burst:
        times = await _bursts(asked, run.id, ids)
        problems, slowest = times.problems, times.all.max()
        print(
            f"{asked.burst} students press within {WITHIN:g} s, {ROUNDS} times: median "
            f"{np.median(times.all):.2f} s, all within {slowest:.2f} s (limit {LIMIT_BURST} s), "
            f"{len(problems)} errors {problems[:3]}"
        )
        results["burst"] = {"views": times.views, "problems": problems}
    if asked.search and not (asked.students and found.holds):
        results["holds"] = await _searched(asked, run.id, ids, process)
    print(f"memory at the end: {process.memory_info().rss / 2**20:.0f} MB")
    del last
    return results


async def _class(
    asked: argparse.Namespace,
    run: str,
    ids: Sequence[str],
    server: psutil.Process,
    *,
    students: int,
    seconds: float,
) -> tuple[Seen, Meter]:
    seen, meter = Seen(), Meter(server, asked.cores)
    end = time.monotonic() + seconds
    watching = asyncio.create_task(meter.watch())
    everyone = [
        *(_student(asked, each, run, ids, end=end, seen=seen) for each in range(students)),
        *(_slow(asked, each, run, ids, end=end, seen=seen) for each in range(asked.slow)),
    ]
    await asyncio.gather(*everyone)
    watching.cancel()
    return seen, meter


async def _student(
    asked: argparse.Namespace, index: int, run: str, ids: Sequence[str], *, end: float, seen: Seen
) -> None:
    draw, names = random.Random(index), asked.pages.split(",")
    await asyncio.sleep(draw.random() * asked.think)
    with seen.noting("a student"):
        async with Visitor(asked.port) as visitor:
            while time.monotonic() < end:
                name, query = draw.choice(names), f"run={run}&primary={draw.choice(ids)}"
                seen.note(name, await visitor.view(name, query))
                left = max(0.0, end - time.monotonic())
                await visitor.pause(min(left, draw.expovariate(1 / asked.think)), query)


async def _slow(
    asked: argparse.Namespace, index: int, run: str, ids: Sequence[str], *, end: float, seen: Seen
) -> None:
    """Starts the longest work that pages offer, again and again."""
    draw = random.Random(-1 - index)
    with seen.noting("a student with slow requests"):
        async with Visitor(asked.port) as visitor:
            while time.monotonic() < end:
                name, query = draw.choice(list(SLOW)), f"run={run}&primary={draw.choice(ids)}"
                page = await visitor.view(name, query)
                seen.problems += page.problems
                starts = [
                    own for label, own in page.buttons.items() if label.startswith(SLOW[name])
                ]
                if starts:
                    done = await visitor.view(name, query, [pressed(starts[0])])
                    seen.slow.append(done.seconds)
                    seen.problems += done.problems


async def _bursts(asked: argparse.Namespace, run: str, ids: Sequence[str]) -> Seen:
    seen, draw = Seen(), random.Random(0)
    names = asked.pages.split(",")
    visitors = [Visitor(asked.port) for _ in range(asked.burst)]

    async def press(visitor: Visitor) -> None:
        await asyncio.sleep(draw.random() * WITHIN)
        name = draw.choice(names)
        query = f"run={run}&primary={draw.choice(ids)}"
        with seen.noting("a student who pressed at once"):
            seen.note(name, await visitor.view(name, query))

    for visitor in visitors:
        await visitor.__aenter__()
        await visitor.view("image", f"run={run}&primary={ids[0]}")
    for _ in range(ROUNDS):
        await asyncio.gather(*map(press, visitors))
        await asyncio.sleep(1)
    for visitor in visitors:
        await visitor.__aexit__()
    return seen


async def _own(port: int, run: str, image: Path) -> float:
    """Seconds from the choice of a file to the page with all its maps."""
    query = f"run={run}"
    async with Visitor(port) as visitor:
        page = await visitor.view("image", query)
        content = image.read_bytes() + os.urandom(8)  # no visitor has sent it before
        began = time.perf_counter()
        told = await visitor.upload(page.uploaders[0], page.session, "own.jpg", content)
        found = await visitor.view("image", query, [told])
        if found.problems:
            raise RuntimeError(found.problems[0])
        return time.perf_counter() - began


async def _searched(
    asked: argparse.Namespace, run: str, ids: Sequence[str], server: psutil.Process
) -> int:
    """The largest class that holds the goal, to 5."""
    holds, misses = 0, asked.students or 100
    while misses - holds > 5:
        students = (holds + misses) // 2
        found, meter = await _class(asked, run, ids, server, students=students, seconds=SEARCHED)
        _say(f"{students} students", found, meter)
        holds, misses = (students, misses) if found.holds else (holds, students)
    print(f"the goal is held by {holds} students, not by {misses}")
    return holds


def _say(title: str, seen: Seen, meter: Meter) -> None:
    print(f"\n{title}\n{'page':14}{'views':>7}{'median':>8}{'95 %':>8}{'most':>8}  seconds")
    rows = [(name or "dataset", times) for name, times in sorted(seen.views.items())]
    for name, times in [*rows, ("all", seen.all)]:
        middle, high = np.quantile(times, [0.5, 0.95])
        print(f"{name:14}{len(times):7}{middle:8.2f}{high:8.2f}{max(times):8.2f}")
    server, load, else_ = meter.shares
    memory = [mb for _, mb in meter.memory]
    late = memory[len(memory) // 2 :]
    print(
        f"goal {'held' if seen.holds else 'missed'}; {len(seen.problems)} errors "
        f"{list(dict.fromkeys(seen.problems))[:3]}; {seen.images:,} images, "
        f"{seen.bytes / 2**20:,.0f} MB received\n"
        f"processor: server {server:.0%}, this load {load:.0%}, all else {else_:.0%} of "
        f"{meter.cores} cores, {meter.server_seconds / len(seen.all):.3f} s of the server a view; "
        f"load average {os.getloadavg()[0]:.1f}\n"
        f"memory: {memory[0]:.0f} MB at first, {max(memory):.0f} at most, {memory[-1]:.0f} last "
        f"(limit {LIMIT_MEMORY}); second half {min(late):.0f} to {max(late):.0f}"
    )
    if seen.slow:
        print(f"beside them {len(seen.slow)} slow requests, median {np.median(seen.slow):.1f} s")


def _keep(asked: argparse.Namespace, meter: Meter) -> None:
    if asked.memory:
        with asked.memory.open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["seconds", "megabytes"])
            rows.writerows((f"{second:.0f}", f"{mb:.0f}") for second, mb in meter.memory)
    if asked.picture:
        import matplotlib as mpl

        mpl.use("agg")
        from matplotlib import pyplot as plt

        figure, axes = plt.subplots(figsize=(8, 3.2), layout="constrained")
        axes.plot(*zip(*[(second / 60, mb) for second, mb in meter.memory], strict=True), lw=1)
        axes.axhline(LIMIT_MEMORY, color="#8a94a0", lw=0.8, ls="--")
        axes.set(
            xlabel="Minutes",
            ylabel="Memory of the server, MB",
            title=f"{asked.students} students, {asked.think:g} s to think, {asked.cores} cores",
            ylim=(0, 1.1 * LIMIT_MEMORY),
        )
        figure.savefig(asked.picture, dpi=110)


def _started(port: int) -> subprocess.Popen[bytes]:
    """The dashboard over the demo, which is prepared where it is not there."""
    from dermxai.core.paths import PROJECT

    subprocess.run([sys.executable, "-c", PREPARE], cwd=PROJECT, check=True)
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true"]
    server = subprocess.Popen([*command, "--server.port", str(port)], cwd=PROJECT)
    for _ in range(600):
        try:
            urlopen(f"http://localhost:{port}/_stcore/health").close()
        except OSError:
            time.sleep(0.1)
        else:
            return server
    server.kill()
    raise TimeoutError("The dashboard does not answer.")


if __name__ == "__main__":
    main()
