"""Drawn reader studies, as tables in the long form."""

from pathlib import Path

import numpy as np
import pandas as pd

CLASSES = ("MN", "SK", "BCC", "Pso")


def drawn(
    seed: int = 0,
    *,
    readers: int = 4,
    cases: int = 48,
    arms: tuple[str, ...] = ("alone",),
    device: bool = True,
    per_patient: int = 2,
) -> pd.DataFrame:
    """One row an answer. Arms but the first show help, which readers follow at times."""
    rng = np.random.default_rng(seed)
    truth = np.resize(CLASSES, cases)
    hard = rng.normal(size=cases)
    ai = np.where(rng.random(cases) < 0.75, truth, rng.choice(CLASSES, cases))
    rows = []
    for reader in range(readers):
        for place, arm in enumerate(arms):
            for case in range(cases):
                right = rng.random() < 1 / (1 + np.exp(hard[case] - 0.8))
                answer = truth[case] if right else rng.choice(CLASSES)
                if place and rng.random() < 0.5:
                    answer = ai[case]
                rows.append(
                    {
                        "reader": f"r{reader}",
                        "case": f"c{case}",
                        "truth": truth[case],
                        "answer": answer,
                        "arm": arm,
                        "shown": ai[case] if place else "",
                        "patient": f"p{case // per_patient}",
                        "group": "resident" if reader % 2 else "specialist",
                        "years": 1 + reader,
                        "confidence": round(rng.uniform(0.3, 1), 2),
                        "seconds": round(rng.lognormal(2.5, 0.5), 1),
                    }
                )
    if device:
        for case in range(cases):
            rows.append(
                {
                    "reader": "net",
                    "case": f"c{case}",
                    "truth": truth[case],
                    "answer": ai[case],
                    "arm": arms[0],
                    "patient": f"p{case // per_patient}",
                    "confidence": round(rng.uniform(0.3, 1), 2),
                }
            )
    return pd.DataFrame(rows)


def written(folder: Path, table: pd.DataFrame, name: str = "answers.csv") -> Path:
    path = folder / name
    table.to_csv(path, index=False)
    return path
