"""What the folders of a training say: its job's, and the checkpoint's or study's that it writes."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from itertools import compress
from pathlib import Path

import numpy as np
import pandas as pd

from dermxai.core import paths
from dermxai.core.errors import InputError
from dermxai.jobs import Job
from dermxai.training.files import StudyFiles
from dermxai.training.loop.choice import kept_by
from dermxai.training.recipe import Recipe, chosen
from dermxai.ui.session.caches import job_files, models


def name(job: Job) -> str:
    return output(job).name


def names(known: list[Job]) -> dict[str, str]:
    """What tells trainings apart: the checkpoint's name, and the job's end where that is shared."""
    times = Counter(name(job) for job in known)
    return {
        job.id: name(job) + (f" ({job.id.rpartition('-')[2]})" if times[name(job)] > 1 else "")
        for job in known
    }


def about(job: Job) -> str:
    """Data, network, time, in a line."""
    settings, folds = recipe(job), job.arguments.get("folds")
    parts = [
        Path(str(job.arguments["dataset"])).name,
        settings.network if settings else "",
        f"{settings.size} px" if settings else "",
        f"{folds} folds" if folds else "",
        datetime.fromtimestamp(job.submitted).strftime("%d %b %H:%M"),
        f"attempt {job.attempt}" if job.attempt > 1 else "",
        "on the cluster" if job.where == "slurm" else "",
    ]
    return " · ".join(part for part in parts if part)


def recipe(job: Job) -> Recipe | None:
    """None where the job holds none that is known today."""
    try:
        return chosen("scratch", job.arguments.get("recipe"))
    except (InputError, TypeError, AttributeError):
        return None


def settings(job: Job) -> Mapping[str, object]:
    """Of its recipe, by name, as it was trained by; of one that is not known today those that it
    was asked for."""
    if known := recipe(job):
        begun = history(job)
        return (
            known.model_dump() if begun.empty else known.model_dump() | {"keep_by": kept_by(begun)}
        )
    asked = job.arguments.get("recipe")
    return asked if isinstance(asked, Mapping) else {}


def output(job: Job) -> Path:
    return Path(str(job.arguments.get("output", job.id)))


def first(job: Job) -> Path:
    """The checkpoint folder of the training, of a cross-validation that of its first one."""
    known = recipe(job)
    if job.arguments.get("sweep"):
        return _best(job)
    if not job.arguments.get("folds") or known is None:
        return output(job)
    return StudyFiles(output(job)).member(known.network, known.seed, 0)


def _best(job: Job) -> Path:
    """The checkpoint of a sweep that is ranked first, until it has ended that of its first."""
    study = job_files.cross_validation(str(output(job)))
    if study is not None and isinstance(best := study.get("best"), str):
        return output(job).joinpath(*(part for part in Path(best).parts if part.strip("./")))
    begun = _begun(output(job))
    return begun[0] if begun else output(job)


def _begun(root: Path) -> list[Path]:
    """The trainings of a study that have ended an epoch."""
    try:
        tables = filter(paths.is_readable, root.glob("*/seed-*/fold-*/history.csv"))
        return sorted(path.parent for path in tables)
    except (OSError, ValueError):  # a place that cannot be looked into
        return []


def _several(job: Job) -> bool:
    return bool(job.arguments.get("folds") or job.arguments.get("sweep"))


def notes(job: Job) -> list[str]:
    """What its checkpoint says of the images that it learns from, and of those left out."""
    try:
        told = models.model_info(str(first(job))).data.get("notes", ())
    except InputError:  # no epoch has ended yet
        return []
    return [str(note) for note in told] if isinstance(told, list | tuple) else []


def epochs(job: Job) -> int:
    known = recipe(job)
    return known.epochs if known else max(1, len(history(job)))


def history(job: Job) -> pd.DataFrame:
    """The epochs that have ended, of a cross-validation those of its first training."""
    return job_files.history(str(first(job)))


def histories(job: Job) -> dict[str, pd.DataFrame]:
    """Of its trainings that have ended an epoch: one, named by "", or those of a study, named by
    what tells them apart of network, seed and fold."""
    if not _several(job):
        found = history(job)
        return {"": found} if len(found) else {}
    root = output(job)
    folders = _begun(root)
    if not folders:
        return {}
    members = [folder.relative_to(root).parts for folder in folders]
    tells = [len(set(part)) > 1 for part in zip(*members, strict=True)]
    return {
        " ".join(compress(member, tells)): job_files.history(str(folder))
        for member, folder in zip(members, folders, strict=True)
    }


def stages(job: Job) -> int:
    """Of the network; of trainings before this was kept the most that learnt."""
    found = history(job)
    known = found.reindex(columns=["stages", "learning_stages"]).to_numpy(float)
    return int(np.nanmax(known, initial=1))
