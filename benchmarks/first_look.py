"""What the first look at an image takes, before and after the network was made ready.

    python -m benchmarks.first_look

Two processes open the newest run of the workspace and take one forward pass with its maps, as the
first click on an image does; one has made the network ready before (`ui/app/warming.py`). Told are
seconds, and processor seconds, which do not depend on what else the machine does.
"""

import subprocess
import sys
import time
from importlib import import_module

from dermxai.runs import list_runs
from dermxai.ui.session import subject
from dermxai.ui.session.caches import stored_runs

WARM = "--warm"


def looked(warm: bool) -> tuple[float, float]:
    """Seconds and processor seconds of a first look."""
    run = stored_runs.run(list_runs()[0].name)
    if warm:
        import_module("dermxai.ui.pages.image.image")
        subject.warm(run)
    began = time.perf_counter(), time.process_time()
    import_module("dermxai.ui.pages.image.image")
    subject.warm(run)
    return time.perf_counter() - began[0], time.process_time() - began[1]


def main() -> None:
    if sys.argv[1:] in (["--cold"], [WARM]):
        print(*looked(sys.argv[1] == WARM))
        return
    for name in ("--cold", WARM):
        call = [sys.executable, "-m", "benchmarks.first_look", name]
        said = subprocess.run(call, capture_output=True, text=True, check=True).stdout
        seconds, processor = map(float, said.split()[-2:])
        print(f"{name.strip('-')}: {seconds:.2f} s, processor {processor:.2f} s")


if __name__ == "__main__":
    main()
