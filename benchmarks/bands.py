"""Time of an evaluation of the paper's size: 13,603 images of 2,538 patients in 14 classes.

    python -m benchmarks.bands [--replicates 2000]

ROC and precision-recall bands of all classes by a bootstrap over patients, beside a loop of
scikit-learn's curves over a few replicates, from which the time of all is extrapolated; and every
measure with its interval, which takes no replicates. Both in seconds and in processor time.
"""

import argparse
import time

import numpy as np
from sklearn import metrics as sk

from dermxai import taxonomy
from dermxai.metrics import evaluate
from dermxai.metrics.bands import REPLICATES, bands
from dermxai.metrics.measures import measured

IMAGES, PATIENTS = 13_603, 2_538
FEW = 2  # replicates of the peer


def timed(what: str, seconds: float, processor: float) -> float:
    print(f"{what}: {seconds:.2f} s, processor {processor:.2f} s")
    return processor


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--replicates", type=int, default=REPLICATES)
    replicates = parser.parse_args().replicates
    random = np.random.default_rng(0)
    classes = taxonomy.CODES
    true = random.integers(0, len(classes), IMAGES)
    member = true[:, None] == np.arange(len(classes))
    scores = random.normal(size=member.shape) + 2 * member
    patients = random.integers(0, PATIENTS, IMAGES)

    start = time.perf_counter(), time.process_time()
    bands(member, scores, patients, 0.95, replicates=replicates)
    spent = time.perf_counter() - start[0], time.process_time() - start[1]
    own = timed(f"bands, {replicates:,} replicates", *spent)

    start = time.perf_counter(), time.process_time()
    for _ in range(FEW):
        times = np.bincount(random.integers(0, PATIENTS, PATIENTS), minlength=PATIENTS)
        weights = times[patients].astype(float)
        for of, score in zip(member.T, scores.T, strict=True):
            sk.roc_curve(of, score, sample_weight=weights, drop_intermediate=False)
            sk.precision_recall_curve(of, score, sample_weight=weights)
    spent = time.perf_counter() - start[0], time.process_time() - start[1]
    peer = timed("the same by scikit-learn", *(each * replicates / FEW for each in spent))
    print(f"{peer / own:.1f} times")

    ids = [str(image) for image in range(IMAGES)]
    start = time.perf_counter(), time.process_time()
    evaluation = evaluate(np.array(classes)[true], classes, scores, ids, patients.astype(str))
    measured(evaluation)
    timed("every measure", time.perf_counter() - start[0], time.process_time() - start[1])


if __name__ == "__main__":
    main()
