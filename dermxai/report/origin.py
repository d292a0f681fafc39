"""Where something that is taken away comes from: the run, and all that its numbers depend on."""

from collections.abc import Mapping

import pandas as pd

from dermxai.runs import Run

COLUMNS = ("run", "created", "checkpoint", "checkpoint_hash", "dataset", "dataset_fingerprint")


def origin(run: Run, split: str | None = None) -> dict[str, object]:
    """Plain values; of an imported run the checkpoint is its file of predictions.

    Args:
        split: of the images that are evaluated; None for all.
    """
    made_by, dataset = run.made_by, run.manifest["dataset"]
    return {
        "run": run.id,
        "created": run.manifest["created"],
        "checkpoint": made_by["name"],
        "checkpoint_hash": made_by["hash"],
        **({"imported": True} if run.imported else {}),
        "dataset": dataset["name"],
        "dataset_fingerprint": dataset["fingerprint"],
        "split": split or "all",
        "versions": run.manifest["versions"],
    }


def with_origin(
    table: pd.DataFrame, of: Mapping[str, object], **more: str | float | None
) -> pd.DataFrame:
    """A table that says in each row where it comes from, so that rows may be sorted, filtered and
    copied into others.

    Args:
        of: as `origin` gives it; its versions are left out.
        more: further columns, one value each.
    """
    columns = {**{name: str(of[name]) for name in (*COLUMNS, "split")}, **more}
    return table.assign(**{name: value for name, value in columns.items() if name not in table})


def prediction(run: Run, sample_id: str) -> dict[str, object]:
    """Label, prediction and its probability of one of the run's images."""
    row = int(run.index([sample_id])[0])
    label = run.samples["label"].iloc[row] if "label" in run.samples else None
    return {
        "label": None if pd.isna(label) else str(label),
        "predicted": str(run.predicted[row]),
        "probability": float(run.probabilities[row].max()),
    }
