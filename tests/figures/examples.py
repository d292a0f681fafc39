"""What figures are made of, with names as bad as data can hold."""

import numpy as np

from dermxai import taxonomy
from dermxai.metrics import Evaluation, evaluate

HOSTILE = '<b>bold</b> & <a href="x">%{x}</a>\n&lt;'
CLASSES = (*taxonomy.CODES[:4], HOSTILE)


def judge(classes=CLASSES, images: int = 120, labels=None) -> Evaluation:
    generator = np.random.default_rng(0)
    true = generator.choice(np.array(classes, dtype=object), images) if labels is None else labels
    scores = generator.normal(size=(images, len(classes)))
    scores += 2 * (np.asarray(true)[:, None] == np.array(classes, dtype=object)[None])
    ids = [f"{HOSTILE} {i}" for i in range(images)]
    return evaluate(true, classes, scores, ids)
