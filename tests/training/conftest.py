"""Data that a tiny network learns within a few steps."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="session")
def two_colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reddish and brownish squares of 20 patients: learnt within a few steps."""
    folder = tmp_path_factory.mktemp("colours")
    rng = np.random.default_rng(0)
    rows = []
    for index in range(60):
        label = "Hem" if index % 2 else "MN"
        colour = (60, 40, 190) if label == "Hem" else (40, 70, 110)  # BGR
        image = np.clip(rng.normal(colour, 12, (40, 44, 3)), 0, 255).astype(np.uint8)
        cv2.imwrite(str(folder / f"{index}.png"), image)
        rows.append(
            {"sample_id": f"s{index}", "path": f"{index}.png", "label": label,
             "patient_id": f"p{index // 3}"}
        )  # fmt: skip
    pd.DataFrame(rows).to_csv(folder / "samples.csv", index=False)
    return folder
