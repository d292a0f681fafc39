"""How long a stack of remedies takes, from its text to every measure with its interval.

    python -m benchmarks.remedies [--images 13603] [--stack STACK]

A generated run of as many images as the paper's dataset, with the features of all heads of
EfficientNet-B4 (2,896) and 14 classes. Told are seconds (of the wall clock, and of all processors
together) to fit a stack and apply it to the test images, and to measure it, all intervals included;
and the ratio to a peer in the same process: the product of the training features with themselves,
which no ridge regression goes without.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np

from dermxai.remedies import Stack, fit_stack
from dermxai.remedies.images import divided, outputs_of
from dermxai.remedies.outcome import outcome
from tests.generated import generated_run

STACKS = (
    "logit_offset",
    "image_weights,retrain_heads,logit_offset,temperature",
    '[{"remedy":"retrain_heads","settings":{"method":"logistic"}}]',
)
T = TypeVar("T")


def timed(work: Callable[[], T]) -> tuple[T, float, float]:
    """What it gives; seconds of the wall clock and of processors."""
    wall, processors = time.perf_counter(), time.process_time()
    made = work()
    return made, time.perf_counter() - wall, time.process_time() - processors


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--images", type=int, default=13_603)
    parser.add_argument("--stack", action="append")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = generated_run(Path(folder), options.images)
        pooled = np.asarray(run.pooled[divided(run).training])
        _, *peer = timed(lambda: pooled.T @ pooled)
        print(f"{len(pooled):,} × {pooled.shape[1]:,}: product {peer[0]:.2f} s ({peer[1]:.2f} s)")
        test = outputs_of(run, divided(run).test)
        for text in options.stack or STACKS:
            stack = Stack.parsed(text)
            fitted, *fit = timed(lambda stack=stack: fit_stack(run, stack))  # type: ignore[misc]
            _, *scored = timed(lambda fitted=fitted: fitted.applied(test))  # type: ignore[misc]
            _, *measured = timed(lambda fitted=fitted: outcome(fitted, "test"))  # type: ignore[misc]
            whole = [a + b for a, b in zip(fit, scored, strict=True)]
            print(
                f"{stack.text}\n  fitted and scored {whole[0]:.2f} s ({whole[1]:.2f} s of "
                f"processors, {whole[1] / peer[1]:.1f} × the product), measured with intervals "
                f"{measured[0]:.2f} s ({measured[1]:.2f} s)"
            )


if __name__ == "__main__":
    main()
