"""A small labelled dataset whose images were predicted elsewhere."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from dermxai.data import Dataset, load_dataset

CODES = ("nv", "mel", "bcc")
Written = Callable[..., Path]


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    """Twelve images in the files of a table; four of each class, as HAM10000 writes them."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "skin"
    (folder / "images").mkdir(parents=True)
    rows = []
    for index in range(12):
        name = f"ISIC_{index:07d}"
        pixels = rng.integers(0, 255, (40, 60, 3), np.uint8)
        Image.fromarray(pixels).save(folder / "images" / f"{name}.jpg")
        rows.append({"image_id": name, "dx": CODES[index % 3], "lesion_id": f"L{index}"})
    pd.DataFrame(rows).to_csv(folder / "metadata.csv", index=False)
    return load_dataset(folder)


@pytest.fixture
def given() -> pd.DataFrame:
    """Probabilities of the twelve images, by a network that is mostly right."""
    rng = np.random.default_rng(1)
    raw = rng.random((12, 3)) + 1.5 * np.eye(3)[np.arange(12) % 3]
    shares = raw / raw.sum(axis=1, keepdims=True)
    table = pd.DataFrame(shares, columns=[f"prob_{code}" for code in CODES])
    table.insert(0, "image", [f"ISIC_{index:07d}" for index in range(12)])
    return table


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Writes a table as a file."""

    def write(table: pd.DataFrame, name: str = "predictions.csv") -> Path:
        file = tmp_path / name
        if file.suffix == ".parquet":
            table.to_parquet(file, index=False)
        elif file.suffix == ".xlsx":
            table.to_excel(file, index=False)
        elif file.suffix == ".jsonl":
            table.to_json(file, orient="records", lines=True)
        else:
            table.to_csv(file, index=False)
        return file

    return write
